"""Records what tritonclient sends over HTTP and gRPC, as small files for the tests."""

import json
import struct
import zlib
from pathlib import Path

import numpy as np
import tritonclient.grpc as triton_grpc
import tritonclient.http as triton_http
from tritonclient.grpc._utils import _get_inference_request

FOLDER = Path(__file__).parents[2] / "test" / "fixtures" / "open-inference"
COLOURS = [(200, 100, 50), (10, 20, 30)]


def chunk(kind: bytes, content: bytes) -> bytes:
    body = kind + content
    return struct.pack(">I", len(content)) + body + struct.pack(">I", zlib.crc32(body))


def png(colour: tuple[int, int, int]) -> bytes:
    """A picture of 8 x 8 pixels of one colour."""
    rows = (b"\0" + bytes(colour) * 8) * 8
    header = struct.pack(">IIBBBBB", 8, 8, 8, 2, 0, 0, 0)
    parts = [chunk(b"IHDR", header), chunk(b"IDAT", zlib.compress(rows)), chunk(b"IEND", b"")]
    return b"\x89PNG\r\n\x1a\n" + b"".join(parts)


def planes() -> np.ndarray:
    """The same two pictures as the model takes them: float32 [2,3,8,8]."""
    tensor = np.zeros((2, 3, 8, 8), np.float32)
    for i, colour in enumerate(COLOURS):
        tensor[i] = np.reshape(colour, (3, 1, 1))
    return tensor


def inputs(module, binary):
    pictures = np.array([png(colour) for colour in COLOURS], dtype=np.object_)
    for name, data, datatype in (("bytes", pictures, "BYTES"), ("fp32", planes(), "FP32")):
        tensor = module.InferInput("image", list(data.shape), datatype)
        tensor.set_data_from_numpy(data, **({} if binary is None else {"binary_data": binary}))
        yield name, tensor


def record_http() -> dict[str, int]:
    lengths = {}
    cases = [(f"{name}-binary", tensor) for name, tensor in inputs(triton_http, True)]
    for name, tensor in inputs(triton_http, True):
        if name == "fp32":
            tensor.set_data_from_numpy(planes(), binary_data=False)
            cases.append((f"{name}-json", tensor))
    for name, tensor in cases:
        output = triton_http.InferRequestedOutput("mean", binary_data=True)
        body, length = triton_http.InferenceServerClient.generate_request_body(
            [tensor], outputs=[output], request_id="recorded"
        )
        (FOLDER / f"{name}.http").write_bytes(body)
        lengths[name] = length if length is not None else len(body)
    return lengths


def record_grpc() -> None:
    for name, tensor in inputs(triton_grpc, None):
        request = _get_inference_request(
            model_name="mean-colour",
            inputs=[tensor],
            model_version="",
            request_id="recorded",
            outputs=[triton_grpc.InferRequestedOutput("mean")],
            sequence_id=0,
            sequence_start=False,
            sequence_end=False,
            priority=0,
            timeout=None,
            parameters=None,
        )
        (FOLDER / f"{name}.grpc").write_bytes(request.SerializeToString(deterministic=True))


if __name__ == "__main__":
    FOLDER.mkdir(parents=True, exist_ok=True)
    lengths = record_http()
    record_grpc()
    (FOLDER / "jsonLengths.json").write_text(json.dumps(lengths, indent=2) + "\n")
