"""ONNX files, with or without weights in files beside them."""

from pathlib import Path

import onnx
from google.protobuf.message import DecodeError
from onnx.checker import ValidationError
from onnx.external_data_helper import ExternalDataInfo, load_external_data_for_model, uses_external_data

from errors import Refused

# What protobuf takes of one message, and so of a file that holds its weights itself.
LARGEST = 2**31 - 1


def load_graph(file: Path) -> onnx.ModelProto:
    """The file without weights that lie beside it. Raises Refused."""
    try:
        model = onnx.load(str(file), load_external_data=False)
    except (DecodeError, OSError) as error:
        raise Refused(f"{file} is not an ONNX file: {error}") from error
    if not model.graph.node:
        raise Refused(f"{file} is not an ONNX file: it holds no graph")
    return model


def load(file: Path) -> onnx.ModelProto:
    """The file with all its weights in the message itself. Raises Refused."""
    model = load_graph(file)
    if size(file) > LARGEST:
        raise Refused(f"{file} has more than 2 GB of weights, which one ONNX message cannot hold")
    try:
        load_external_data_for_model(model, str(file.parent))
    except (ValidationError, ValueError, OSError) as error:
        raise Refused(f"the weights beside {file} cannot be read: {str(error).splitlines()[0]}") from error
    return model


def size(file: Path) -> int:
    """Bytes of the file and of the weights beside it; those that are missing count nothing."""
    tensors = [tensor for tensor in _tensors(load_graph(file).graph) if uses_external_data(tensor)]
    beside = {file.parent / ExternalDataInfo(tensor).location for tensor in tensors}
    return sum(part.stat().st_size for part in (file, *beside) if part.is_file())


def _tensors(graph: onnx.GraphProto):
    """Those of a graph and of the graphs in it."""
    yield from graph.initializer
    for attribute in (attribute for node in graph.node for attribute in node.attribute):
        yield from [attribute.t, *attribute.tensors]
        for inner in [attribute.g, *attribute.graphs]:
            yield from _tensors(inner)
