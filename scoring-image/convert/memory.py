"""Runs tf2onnx's own steps without piling up copies of the weights: VGG-16, half a gigabyte, took 23 of them."""

import gc

import onnx
import tensorflow as tf
from tf2onnx import optimizer, tf_loader
from tf2onnx.tfonnx import process_tf_graph

# Graphs of more bytes are not copied before each pass.
COPIED = 100_000_000


def convert_graph(graph_def, description: str, inputs: list[str], outputs: list[str], opset: int) -> onnx.ModelProto:
    """What tf2onnx.convert.from_graph_def does, without the copy of the frozen graph that it throws away."""
    # Freezing left several copies of the weights in cycles.
    gc.collect()
    with tf.Graph().as_default():
        optimised = tf_loader.tf_optimize(inputs, outputs, graph_def)
    with tf.Graph().as_default() as graph:
        tf.import_graph_def(optimised, name="")
        converted = process_tf_graph(graph, input_names=inputs, output_names=outputs, opset=opset, continue_on_error=True)
        del optimised
        passes = {name: _frugal(factory) for name, factory in optimizer._get_optimizers().items()}
        # To go on where a pass fails, tf2onnx copies the graph, weights and all, before each.
        small = graph_def.ByteSize() < COPIED
        return optimizer.optimize_graph(converted, catch_errors=small, optimizers=passes).make_model(description)


def _frugal(factory):
    """A pass of tf2onnx that gives back what it replaced.

    Every pass writes all nodes anew into their messages, and protobuf frees nothing of a message before the whole
    of it: each of more than twenty passes left another copy of the weights. New messages let go of the old ones.
    """

    class Pass:
        def __init__(self):
            self._pass = factory()

        @property
        def graph_been_opt(self) -> bool:
            return self._pass.graph_been_opt

        def optimize(self, graph, iteration):
            graph = self._pass.optimize(graph, iteration) or graph
            for node in graph.get_nodes():
                if node.is_const():
                    # tf2onnx keeps the attributes itself, and puts them in again.
                    old = node._op
                    node._op = onnx.NodeProto(op_type=old.op_type, domain=old.domain, name=old.name, output=old.output)
            gc.collect()
            return graph

    return Pass
