"""Finds the tensor behind the part of a graph that decodes pictures: there the ONNX graph begins."""

from dataclasses import dataclass

import numpy as np
import tensorflow as tf

from errors import Refused
from operators import all_nodes, ancestors
from source import Source, node_of

DECODERS = {"DecodeJpeg", "DecodePng", "DecodeImage", "DecodeAndCropJpeg", "DecodeGif"}


@dataclass(frozen=True)
class Tensors:
    """The tensors that a conversion begins and ends with, by their names in the graph."""

    input: str
    outputs: list[str]
    # Every other name of a tensor: the signature's, the user's spelling.
    aliases: dict[str, list[str]]


def resolve(source: Source, input_name: str | None, output_names: list[str]) -> Tensors:
    """Turns what the user wrote, signature names or tensors, into tensors of the graph.

    Raises Refused for names that the graph does not have, listing those it has.
    """
    nodes = {node.name for node in source.graph_def.node}
    if not input_name:
        input_name = _only("input", source.inputs)
    names = output_names or list(source.outputs)
    if not names:
        raise Refused("name the output tensors with --outputs: a frozen graph does not tell")
    aliases: dict[str, list[str]] = {}
    given = _tensor(input_name, source.inputs, nodes, "input")
    outputs = [_tensor(name, source.outputs, nodes, "output") for name in names]
    if len(set(outputs)) != len(outputs):
        raise Refused(f"--outputs names one tensor twice: {', '.join(names)}")
    for written, tensor in [(input_name, given), *zip(names, outputs, strict=True)]:
        known = {**source.inputs, **source.outputs}
        signature = [alias for alias, target in known.items() if target == tensor]
        aliases[tensor] = list(dict.fromkeys([*signature, tensor, written]))
    return Tensors(given, outputs, aliases)


def _only(direction: str, names: dict[str, str]) -> str:
    if len(names) == 1:
        return next(iter(names))
    raise Refused(f"name the {direction} tensor with --{direction}: there are {', '.join(sorted(names)) or 'none'}")


def _tensor(written: str, signature: dict[str, str], nodes: set[str], direction: str) -> str:
    alias = written.removesuffix(":0")
    if alias in signature:
        return signature[alias]
    if node_of(written) in nodes:
        return written if ":" in written else f"{written}:0"
    known = ", ".join(sorted(f"{alias} ({tensor})" for alias, tensor in signature.items()))
    raise Refused(f'the graph has no {direction} tensor "{written}"; its signature has {known or "none"}')


def is_text(source: Source, tensor: str) -> bool:
    """Whether a tensor holds text: the bytes of pictures."""
    node = next(n for n in source.graph_def.node if n.name == node_of(tensor))
    return node.attr["dtype"].type == tf.string.as_datatype_enum


def candidates(source: Source, text: str, outputs: list[str]) -> list[str]:
    """Tensors behind the decoder through which all data flows from `text` to the outputs, nearest to `text` first.

    Raises Refused where the graph does not decode pictures.
    """
    needed = ancestors(source.graph_def, {node_of(name) for name in outputs})
    decoders = [n.name for n in all_nodes(source.graph_def, needed) if n.op in DECODERS]
    if not decoders:
        raise Refused(f'the text input "{text}" is not decoded to a picture; name the tensor behind it with --input')
    consumers = _consumers(source.graph_def, needed)
    order = _reachable(consumers, node_of(text))
    loops = _inside_loops(source.graph_def, consumers)
    ends = {node_of(name) for name in outputs}
    graph = tf.Graph()
    with graph.as_default():
        tf.import_graph_def(source.graph_def, name="")
    found = []
    for name in order:
        if name in loops or name == node_of(text) or not _may_be_picture(graph, name):
            continue
        if not ends & set(_reachable(consumers, node_of(text), without=name)):
            found.append(f"{name}:0")
    return found


def _may_be_picture(graph: tf.Graph, name: str) -> bool:
    operation = graph.get_operation_by_name(name)
    if not operation.outputs or operation.outputs[0].dtype not in (tf.float32, tf.uint8):
        return False
    shape = operation.outputs[0].shape
    return shape.rank is None or (shape.rank == 4 and shape[3] in (3, None))


def _consumers(graph_def, needed: set[str]) -> dict[str, list[str]]:
    consumers: dict[str, list[str]] = {}
    for node in graph_def.node:
        if node.name in needed:
            for name in node.input:
                consumers.setdefault(node_of(name), []).append(node.name)
    return consumers


def _reachable(consumers: dict[str, list[str]], start: str, without: str | None = None) -> list[str]:
    found, waiting = {start: None}, [start]
    while waiting:
        for name in consumers.get(waiting.pop(0), []):
            if name not in found and name != without:
                found[name] = None
                waiting.append(name)
    return list(found)


def _inside_loops(graph_def, consumers: dict[str, list[str]]) -> set[str]:
    """Nodes of TensorFlow 1's while loops: everything between Enter and Exit."""
    exits = {node.name for node in graph_def.node if node.op == "Exit"}
    waiting = [node.name for node in graph_def.node if node.op == "Enter"]
    inside: set[str] = set()
    while waiting:
        name = waiting.pop()
        if name in inside or name in exits:
            continue
        inside.add(name)
        waiting.extend(consumers.get(name, []))
    return inside


class Decoder:
    """Runs the part of the graph between the text input and the tensors behind the decoder, in TensorFlow."""

    def __init__(self, source: Source, text: str):
        self._graph = tf.Graph()
        with self._graph.as_default():
            tf.import_graph_def(source.graph_def, name="")
        self._text = self._graph.get_tensor_by_name(text)
        self._session = tf.compat.v1.Session(graph=self._graph)
        # The reference's preview encoded pictures as URL-safe Base64; a graph that undoes that says so.
        self._base64 = any(n.op == "DecodeBase64" for n in source.graph_def.node)

    def run(self, tensors: list[str], picture: bytes) -> list[np.ndarray]:
        """Values of the tensors for one picture."""
        data = tf.io.encode_base64(picture).numpy() if self._base64 else picture
        batch = data if self._text.shape.rank == 0 else [data]
        return self._session.run(tensors, {self._text: batch})


def begin_at(graph_def, tensor: str, shape: list[int | None], dtype: tf.DType):
    """The graph with a placeholder of the same name in place of the node that makes `tensor`."""
    node = node_of(tensor)
    begun = tf.compat.v1.GraphDef()
    begun.CopyFrom(graph_def)
    place = next(n for n in begun.node if n.name == node)
    place.Clear()
    place.name, place.op = node, "Placeholder"
    place.attr["dtype"].type = dtype.as_datatype_enum
    place.attr["shape"].shape.CopyFrom(tf.TensorShape(shape).as_proto())
    return begun
