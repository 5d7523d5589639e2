"""Turns the frozen graph between two tensors into ONNX."""

import logging

import numpy as np
import onnx
import tensorflow as tf
import tf2onnx

from cut import Tensors
from errors import Refused
from memory import convert_graph
from operators import ancestors, refuse_unconvertible
from source import node_of

OPSET = 17
PRODUCER = "accelerated-scoring"
# A protobuf message, and so an ONNX file without external data, ends here.
LARGEST = 2**31 - 1


def to_onnx(graph_def, name: str, tensors: Tensors) -> onnx.ModelProto:
    """The ONNX graph from the input tensor to the outputs; its tensors keep TensorFlow's names.

    Raises Refused for operators that ONNX does not have.
    """
    needed = ancestors(graph_def, {node_of(output) for output in tensors.outputs})
    if node_of(tensors.input) not in needed:
        raise Refused(f'the outputs {", ".join(tensors.outputs)} do not depend on the input "{tensors.input}"')
    pruned = tf.compat.v1.GraphDef()
    pruned.CopyFrom(graph_def)
    del pruned.node[:]
    pruned.node.extend(node for node in graph_def.node if node.name in needed)
    others = [n.name for n in pruned.node if n.op == "Placeholder" and n.name != node_of(tensors.input)]
    if others:
        raise Refused(f'the outputs also need the input "{others[0]}"; a scoring model has one, the picture')
    refuse_unconvertible(pruned)
    logging.getLogger("tf2onnx").setLevel(logging.CRITICAL)
    try:
        model = convert_graph(pruned, f"converted from {name}", [tensors.input], tensors.outputs, OPSET)
    except (ValueError, KeyError, RuntimeError, NotImplementedError) as error:
        raise Refused(f"tf2onnx cannot convert the graph: {str(error).splitlines()[0]}") from error
    if model.ByteSize() > LARGEST:
        raise Refused(f"the ONNX graph has {model.ByteSize()} bytes; a file may have {LARGEST}")
    _refuse_left_over(model)
    _free_batch(model)
    model.producer_name, model.producer_version = PRODUCER, tf2onnx.__version__
    onnx.checker.check_model(model)
    return model


def _refuse_left_over(model: onnx.ModelProto) -> None:
    """tf2onnx leaves what it cannot convert under its TensorFlow name."""
    left = {}
    for node in model.graph.node:
        if node.domain in ("", "ai.onnx") and not onnx.defs.has(node.op_type):
            left.setdefault(node.op_type, node.name)
    if left:
        listed = ", ".join(f'{op} (node "{name}")' for op, name in sorted(left.items()))
        raise Refused(f"no ONNX operator for {listed}; end the graph before it with --outputs, or begin it behind")


def _free_batch(model: onnx.ModelProto) -> None:
    """Names the batch dimension N where TensorFlow leaves it open."""
    for tensor in [*model.graph.input, *model.graph.output]:
        dimensions = tensor.type.tensor_type.shape.dim
        if dimensions and not dimensions[0].HasField("dim_value"):
            dimensions[0].dim_param = "N"


def describe(value: onnx.ValueInfoProto) -> tuple[str, list[int | str]]:
    """dtype and shape of a graph's input or output, as model.json writes them."""
    kind = value.type.tensor_type
    dtype = np.dtype(onnx.helper.tensor_dtype_to_np_dtype(kind.elem_type)).name
    shape = [d.dim_value if d.HasField("dim_value") else d.dim_param or "?" for d in kind.shape.dim]
    return dtype, shape
