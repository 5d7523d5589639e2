"""Turns the layers into an ONNX graph, with the weights compact or as float32.

The graph always computes in float32. Compact weights are expanded by Cast (and Mul), both of
which ONNX Runtime folds into constants once, when a session is created. (DequantizeLinear would
say the same, but ONNX Runtime keeps such nodes for its quantised kernels and would expand the
weights in every run.)

A compact weight is float16 or int8. The file has room for about 8 MB, which all of them as
float16 would exceed. So the layers that stand the rounding best are int8: they were chosen by
rounding one layer at a time and comparing the change of the logits per byte saved. They hold
43 % of the weights, and would account for 1.4 % of the squared change if all layers were int8.
"""

from dataclasses import dataclass, field

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

from network import CLASSES, INPUT_SIZE, Conv, Dense

OPSET = 17
IR_VERSION = 8
INPUT_NAME = "images"
OUTPUT_NAME = "logits"
INT8_LAYERS = {
    "block6/expand",
    "block12/expand",
    "block13/expand",
    "block14/expand",
    "classifier",
}
# Candidate scales, as fractions of the one that just fits the largest weight. Clipping the one
# largest weight a little can cost less than the coarser steps that it forces on all the others.
SCALE_FRACTIONS = np.linspace(0.5, 1.0, 101)


def quantise(weight: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Symmetric int8 per output channel: (int8 like `weight`, float32 scale [out, 1, ...]).

    Each channel takes the scale with the least squared error among SCALE_FRACTIONS.
    """
    rows = weight.reshape(weight.shape[0], -1).astype(np.float64)
    largest = np.maximum(np.abs(rows).max(axis=1, keepdims=True), np.finfo(np.float32).tiny)
    best_error = np.full(len(rows), np.inf)
    best_scale = np.empty((len(rows), 1), np.float32)
    for fraction in SCALE_FRACTIONS:
        scale = (largest * fraction / 127).astype(np.float32)
        error = np.square(_round(rows, scale) * scale - rows).sum(axis=1)
        better = error < best_error
        best_error[better], best_scale[better] = error[better], scale[better]
    stored = _round(rows, best_scale).astype(np.int8).reshape(weight.shape)
    return stored, best_scale.reshape((-1,) + (1,) * (weight.ndim - 1))


def _round(rows: np.ndarray, scale: np.ndarray) -> np.ndarray:
    return np.clip(np.rint(rows / scale), -127, 127)


@dataclass
class _Builder:
    compact: bool
    nodes: list = field(default_factory=list)
    initialisers: list = field(default_factory=list)

    def constant(self, name: str, value: np.ndarray) -> str:
        self.initialisers.append(numpy_helper.from_array(value, name))
        return name

    def node(self, kind: str, inputs: list[str], output: str, **attributes) -> str:
        self.nodes.append(helper.make_node(kind, inputs, [output], name=output, **attributes))
        return output

    def weight(self, layer: Conv | Dense) -> str:
        name = f"{layer.name}/weight"
        if not self.compact or is_tiny(layer):
            return self.constant(name, layer.weight)
        if layer.name not in INT8_LAYERS:
            self.constant(f"{name}_float16", layer.weight.astype(np.float16))
            return self.node("Cast", [f"{name}_float16"], name, to=TensorProto.FLOAT)
        stored, scale = quantise(layer.weight)
        self.constant(f"{name}_int8", stored)
        self.constant(f"{name}_scale", scale)
        self.node("Cast", [f"{name}_int8"], f"{name}_cast", to=TensorProto.FLOAT)
        return self.node("Mul", [f"{name}_cast", f"{name}_scale"], name)

    def conv(self, layer: Conv, source: str) -> str:
        inputs = [source, self.weight(layer), self.constant(f"{layer.name}/bias", layer.bias)]
        kernel = list(layer.weight.shape[2:])
        result = self.node(
            "Conv",
            inputs,
            f"{layer.name}/conv",
            kernel_shape=kernel,
            strides=[layer.stride, layer.stride],
            pads=list(layer.pads),
            group=layer.groups,
        )
        if layer.relu6:
            result = self.node("Clip", [result, "zero", "six"], f"{layer.name}/relu6")
        if layer.residual:
            result = self.node("Add", [result, layer.residual], f"{layer.name}/add")
        return result

    def classifier(self, layer: Dense, source: str) -> str:
        pooled = self.node("GlobalAveragePool", [source], "pool")
        features = self.node("Flatten", [pooled], "features", axis=1)
        bias = self.constant(f"{layer.name}/bias", layer.bias)
        return self.node("Gemm", [features, self.weight(layer), bias], OUTPUT_NAME, transB=1)


def is_tiny(layer: Conv | Dense) -> bool:
    """The stem and the depthwise layers, which hold 4 % of the weights, stay float32."""
    return isinstance(layer, Conv) and layer.weight.shape[2] > 1


def build_model(layers: list[Conv | Dense], compact: bool) -> onnx.ModelProto:
    """The ONNX model: float32 `images` [N,3,224,224] -> float32 `logits` [N,1000]."""
    builder = _Builder(compact)
    builder.constant("zero", np.array(0, np.float32))
    builder.constant("six", np.array(6, np.float32))
    outputs = {}
    current = INPUT_NAME
    for layer in layers:
        if isinstance(layer, Dense):
            current = builder.classifier(layer, current)
            continue
        if layer.residual:
            layer = Conv(**{**vars(layer), "residual": outputs[layer.residual]})
        current = outputs[layer.name] = builder.conv(layer, current)

    image_shape = ["N", 3, INPUT_SIZE, INPUT_SIZE]
    graph = helper.make_graph(
        builder.nodes,
        "efficientnet-lite0",
        [helper.make_tensor_value_info(INPUT_NAME, TensorProto.FLOAT, image_shape)],
        [helper.make_tensor_value_info(OUTPUT_NAME, TensorProto.FLOAT, ["N", CLASSES])],
        builder.initialisers,
    )
    # Every field that a tool would fill with its own version or the time is set here, so that
    # the same package gives the same bytes.
    model = helper.make_model(
        graph,
        opset_imports=[helper.make_opsetid("", OPSET)],
        ir_version=IR_VERSION,
        producer_name="accelerated-scoring",
        producer_version="1",
    )
    onnx.checker.check_model(model, full_check=True)
    return model
