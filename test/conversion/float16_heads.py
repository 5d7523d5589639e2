"""Makes a detector's heads float16, and prints as JSON what each operator computes in and how far its answers are.

    python float16_heads.py FOLDER_OF_HALF
"""

import json
import sys

import numpy as np
import onnx
import onnxruntime as ort
from onnx import TensorProto, helper, numpy_helper

sys.path.insert(0, sys.argv[1])
from half import to_float16

CONSTANTS = {
    "to_one": np.float32(1 / 255),
    "weights": np.random.default_rng(1).normal(size=(8, 3, 3, 3)).astype("f4"),
    "ones": np.ones(8, "f4"),
    "zeros": np.zeros(8, "f4"),
    "scales": np.array([1, 1, 1.5, 1.5], "f4"),
    "flat": np.array([1, 8, 576]),
    "begin": np.array([0]),
    "end": np.array([4]),
    "axis": np.array([1]),
    "most": np.array([3]),
    "overlap": np.array([0.5], "f4"),
    "least": np.array([0.1], "f4"),
}
NODES = [
    helper.make_node("Cast", ["pixels"], ["values"], to=TensorProto.FLOAT),
    helper.make_node("Mul", ["values", "to_one"], ["fractions"]),
    helper.make_node("Conv", ["fractions", "weights"], ["convolved"], pads=[1, 1, 1, 1]),
    helper.make_node("InstanceNormalization", ["convolved", "ones", "zeros"], ["normal"]),
    helper.make_node("Resize", ["normal", "", "scales"], ["resized"], mode="linear"),
    helper.make_node("Softmax", ["resized"], ["shares"], axis=1),
    helper.make_node("GlobalAveragePool", ["shares"], ["features"]),
    helper.make_node("Reshape", ["shares", "flat"], ["scores"]),
    helper.make_node("Slice", ["scores", "begin", "end", "axis"], ["corners"]),
    helper.make_node("Transpose", ["corners"], ["boxes"], perm=[0, 2, 1]),
    helper.make_node("NonMaxSuppression", ["boxes", "scores", "most", "overlap", "least"], ["selected"]),
]


def network() -> onnx.ModelProto:
    graph = helper.make_graph(
        NODES,
        "heads",
        [helper.make_tensor_value_info("pixels", TensorProto.UINT8, [1, 3, 16, 16])],
        [
            helper.make_tensor_value_info("features", TensorProto.FLOAT, [1, 8, 1, 1]),
            helper.make_tensor_value_info("selected", TensorProto.INT64, [None, 3]),
        ],
        [numpy_helper.from_array(value, name) for name, value in CONSTANTS.items()],
    )
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)


def answers(model: onnx.ModelProto, pixels: np.ndarray) -> list[np.ndarray]:
    session = ort.InferenceSession(model.SerializeToString(), providers=["CPUExecutionProvider"])
    return session.run(None, {"pixels": pixels})


original = network()
made = to_float16(original)
inferred = onnx.shape_inference.infer_shapes(made, strict_mode=True).graph
types = {value.name: value.type.tensor_type.elem_type for value in (*inferred.value_info, *inferred.input)}
pixels = np.random.default_rng(2).integers(0, 256, (1, 3, 16, 16), dtype=np.uint8)
(features, selected), (made_features, made_selected) = answers(original, pixels), answers(made, pixels)
print(json.dumps({
    "computes": {
        node.op_type: np.dtype(helper.tensor_dtype_to_np_dtype(types[node.input[0]])).name
        for node in inferred.node
        if node.op_type != "Cast"
    },
    "dtypes": [pixels.dtype.name, made_features.dtype.name, made_selected.dtype.name],
    "largestDifference": float(np.abs(features - made_features).max()),
    "sameSelection": bool(np.array_equal(selected, made_selected)),
}))  # fmt: skip
