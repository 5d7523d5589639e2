"""Reads the package's PyTorch checkpoint with numpy alone.

PyTorch is a large download and is needed here for nothing but this file format, so the old
(pre-1.6, not zipped) layout is read directly: five pickles (magic number, protocol version,
machine facts, the state dict, the storage keys), then each storage as an int64 element count
and its raw little-endian elements, in the order of the keys.

Nothing in the file can run code: the unpickler below knows four names and refuses all others.
"""

import pickle
import struct
from collections import OrderedDict
from typing import BinaryIO, NamedTuple

import numpy as np

MAGIC_NUMBER = 0x1950A86A20F9469CFC6C
PROTOCOL_VERSION = 1001
STORAGE_DTYPES = {"FloatStorage": np.dtype("<f4"), "LongStorage": np.dtype("<i8")}


class StorageRef(NamedTuple):
    """A storage that the pickle names and whose elements follow later in the file."""

    key: str
    dtype: np.dtype


class TensorRef(NamedTuple):
    """A view of a storage. It becomes an array once the storages have been read."""

    storage: StorageRef
    offset: int
    shape: tuple[int, ...]
    stride: tuple[int, ...]


def _tensor_ref(storage, offset, shape, stride, *_unused) -> TensorRef:
    return TensorRef(storage, offset, tuple(shape), tuple(stride))


class _StateDictUnpickler(pickle.Unpickler):
    ALLOWED = {
        ("collections", "OrderedDict"): OrderedDict,
        ("torch._utils", "_rebuild_tensor_v2"): _tensor_ref,
        ("torch", "FloatStorage"): "FloatStorage",
        ("torch", "LongStorage"): "LongStorage",
    }

    def find_class(self, module, name):
        try:
            return self.ALLOWED[(module, name)]
        except KeyError:
            raise pickle.UnpicklingError(f"refused to load {module}.{name}") from None

    def persistent_load(self, pid):
        kind, storage_type, key = pid[:3]
        if kind != "storage":
            raise pickle.UnpicklingError(f"unknown persistent id {kind!r}")
        return StorageRef(key, STORAGE_DTYPES[storage_type])


def _read_storages(file: BinaryIO, dtypes: dict[str, np.dtype]) -> dict[str, np.ndarray]:
    storages = {}
    for key in _StateDictUnpickler(file).load():
        (count,) = struct.unpack("<q", file.read(8))
        dtype = dtypes[key]
        storages[key] = np.frombuffer(file.read(count * dtype.itemsize), dtype)
    return storages


def _materialise(ref: TensorRef, storages: dict[str, np.ndarray]) -> np.ndarray:
    flat = storages[ref.storage.key][ref.offset :]
    strides = [step * flat.itemsize for step in ref.stride]
    view = np.lib.stride_tricks.as_strided(flat, ref.shape, strides, writeable=False)
    return np.array(view, order="C")


def read_checkpoint(file: BinaryIO) -> dict[str, np.ndarray]:
    """State dict of a legacy PyTorch checkpoint: parameter name -> array (float32 or int64).

    Raises ValueError when the file is not such a checkpoint, UnpicklingError when it names
    anything but tensors.
    """
    if _StateDictUnpickler(file).load() != MAGIC_NUMBER:
        raise ValueError("not a legacy PyTorch checkpoint")
    if _StateDictUnpickler(file).load() != PROTOCOL_VERSION:
        raise ValueError("unknown checkpoint protocol")
    machine = _StateDictUnpickler(file).load()
    if not machine["little_endian"]:
        raise ValueError("checkpoint of a big-endian machine")

    refs = _StateDictUnpickler(file).load()
    dtypes = {ref.storage.key: ref.storage.dtype for ref in refs.values()}
    storages = _read_storages(file, dtypes)
    return {name: _materialise(ref, storages) for name, ref in refs.items()}
