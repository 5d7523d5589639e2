"""Writes test/fixtures/models/*/model.onnx: tiny models for tests of the server.

    python make_tiny_models.py

None of them has weights worth the name; each shows one property of a model (layout, dtype, fixed
batch, failing run, slow run) and answers with the mean of each colour, which a test can compute.
"""

from pathlib import Path

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper
from onnx.external_data_helper import set_external_data

MODELS = Path(__file__).resolve().parents[2] / "test" / "fixtures" / "models"
OPSET = 17
IR_VERSION = 8
NCHW = ["N", 3, 8, 8]
NHWC = ["N", 8, 8, 3]
# Above this mean of a picture's values the failing model fails: half of 255.
FAILS_ABOVE = 127.5
# Sized for 300 to 500 ms on one core of a present-day server; the file stays a few hundred bytes.
SLOW_SIDE = 512
SLOW_ROUNDS = 105


def node(kind: str, inputs: list[str], output: str, **attributes) -> onnx.NodeProto:
    return helper.make_node(kind, inputs, [output], name=output, **attributes)


def constant(name: str, value: np.ndarray) -> onnx.TensorProto:
    return numpy_helper.from_array(value, name)


def mean_node(source: str, axes: list[int], output: str = "mean") -> onnx.NodeProto:
    return node("ReduceMean", [source], output, axes=axes, keepdims=0)


def write(name: str, nodes, shape, outputs=("mean",), dtype=TensorProto.FLOAT, constants=()):
    """Checks the graph and writes it; every output is float32 [batch,3]."""
    graph = helper.make_graph(
        nodes,
        name,
        [helper.make_tensor_value_info("image", dtype, shape)],
        [helper.make_tensor_value_info(o, TensorProto.FLOAT, [shape[0], 3]) for o in outputs],
        list(constants),
    )
    save(name, graph)


def save(name: str, graph: onnx.GraphProto) -> None:
    model = helper.make_model(
        graph,
        opset_imports=[helper.make_opsetid("", OPSET)],
        ir_version=IR_VERSION,
        producer_name="accelerated-scoring",
        producer_version="1",
    )
    path = MODELS / name / "model.onnx"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(model.SerializeToString(deterministic=True))
    # Of the file, since weights may lie beside it.
    onnx.checker.check_model(path, full_check=True)
    print(f"{name}: {path.stat().st_size} bytes")


def mean_colour_nodes() -> list[onnx.NodeProto]:
    return [mean_node("image", [2, 3]), node("Softmax", ["mean"], "probabilities", axis=1)]


def write_fails() -> None:
    """Looks up element 1 of a list of one when a picture is too bright: an error of the run.

    Zeros, with which a server may warm up, pass. One bright picture fails its whole batch.
    """
    nodes = [
        mean_node("image", [2, 3], "colours"),
        node("ReduceMean", ["colours"], "brightness", axes=[1], keepdims=1),
        node("Greater", ["brightness", "limit"], "too_bright"),
        node("Cast", ["too_bright"], "index", to=TensorProto.INT64),
        node("Gather", ["list_of_one", "index"], "nothing", axis=0),
        node("Add", ["colours", "nothing"], "mean"),
    ]
    limit = constant("limit", np.array(FAILS_ABOVE, np.float32))
    write("fails", nodes, NCHW, constants=[limit, constant("list_of_one", np.zeros(1, np.float32))])


def write_slow() -> None:
    """Multiplies large matrices in a loop. The time of a run does not depend on its batch.

    The first matrix is filled with the mean of the input, so that nothing can be computed when
    the session is created; averaging it again and again leaves that mean as it is.
    """
    side = SLOW_SIDE
    body = helper.make_graph(
        [node("Identity", ["go_on"], "goes_on"), node("MatMul", ["matrix", "average"], "product")],
        "round",
        [
            helper.make_tensor_value_info("round_number", TensorProto.INT64, []),
            helper.make_tensor_value_info("go_on", TensorProto.BOOL, []),
            helper.make_tensor_value_info("matrix", TensorProto.FLOAT, [side, side]),
        ],
        [
            helper.make_tensor_value_info("goes_on", TensorProto.BOOL, []),
            helper.make_tensor_value_info("product", TensorProto.FLOAT, [side, side]),
        ],
    )
    share = helper.make_tensor("share", TensorProto.FLOAT, [1], [1 / side])
    nodes = [
        mean_node("image", [2, 3], "colours"),
        node("ReduceMean", ["image"], "brightness", keepdims=0),
        node("Expand", ["brightness", "square"], "first"),
        node("ConstantOfShape", ["square"], "average", value=share),
        node("Loop", ["rounds", "true", "first"], "last", body=body),
        node("ReduceMean", ["last"], "same_brightness", keepdims=0),
        node("Sub", ["same_brightness", "brightness"], "rounding"),
        node("Add", ["colours", "rounding"], "mean"),
    ]
    constants = [
        constant("square", np.array([side, side], np.int64)),
        constant("rounds", np.array(SLOW_ROUNDS, np.int64)),
        constant("true", np.array(True)),
    ]
    write("slow", nodes, NCHW, constants=constants)


def write_boxes() -> None:
    """Answers like the ONNX Model Zoo's ssd-12: boxes as fractions (left, top, right, bottom), labels, scores.

    The boxes are always the same two; the first one's score is the share of red in the picture.
    """
    nodes = [
        mean_node("image", [2, 3], "colours"),
        node("Gather", ["colours", "red"], "reds", axis=1),
        node("Mul", ["reds", "share"], "score"),
        node("Concat", ["score", "certain"], "scores", axis=1),
        node("Identity", ["two_boxes"], "bboxes"),
        node("Identity", ["two_labels"], "labels"),
    ]
    constants = [
        constant("red", np.array([0], np.int64)),
        constant("share", np.array([1 / 255], np.float32)),
        constant("certain", np.array([[0.75]], np.float32)),
        constant("two_boxes", np.array([[[0.25, 0, 0.5, 0.75], [0.5, 0.5, 1, 1]]], np.float32)),
        constant("two_labels", np.array([[1, 2]], np.int64)),
    ]
    outputs = [
        helper.make_tensor_value_info("bboxes", TensorProto.FLOAT, [1, "nbox", 4]),
        helper.make_tensor_value_info("labels", TensorProto.INT64, [1, "nbox"]),
        helper.make_tensor_value_info("scores", TensorProto.FLOAT, [1, "nbox"]),
    ]
    image = helper.make_tensor_value_info("image", TensorProto.FLOAT, [1, 3, 8, 8])
    save("boxes", helper.make_graph(nodes, "boxes", [image], outputs, constants))


def write_densenet() -> None:
    """Answers like the ONNX Model Zoo's densenet-12: logits [1,1000,1,1], here the mean of each colour and 997 zeros."""
    nodes = [
        node("GlobalAveragePool", ["data_0"], "colours"),
        node("ConstantOfShape", ["others"], "zeros"),
        node("Concat", ["colours", "zeros"], "fc6_1", axis=1),
    ]
    image = helper.make_tensor_value_info("data_0", TensorProto.FLOAT, [1, 3, 8, 8])
    logits = helper.make_tensor_value_info("fc6_1", TensorProto.FLOAT, [1, 1000, 1, 1])
    others = constant("others", np.array([1, 997, 1, 1], np.int64))
    save("densenet", helper.make_graph(nodes, "densenet", [image], [logits], [others]))


def write_features() -> None:
    """Features as the reference's featurizers shape them, [n,1,1,c], beside a second output."""
    nodes = [
        node("ReduceMean", ["image"], "features", axes=[1, 2], keepdims=1),
        node("ReduceMax", ["image"], "brightest", axes=[1, 2], keepdims=0),
    ]
    outputs = [
        helper.make_tensor_value_info("features", TensorProto.FLOAT, ["N", 1, 1, 3]),
        helper.make_tensor_value_info("brightest", TensorProto.FLOAT, ["N", 3]),
    ]
    image = helper.make_tensor_value_info("image", TensorProto.FLOAT, NHWC)
    save("features", helper.make_graph(nodes, "features", [image], outputs))


def external(name: str, value: np.ndarray, location: str) -> onnx.TensorProto:
    """A constant whose bytes lie in a file beside the model."""
    tensor = constant(name, value)
    file = MODELS / "external" / location
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_bytes(tensor.raw_data)
    set_external_data(tensor, location, length=len(tensor.raw_data))
    tensor.ClearField("raw_data")
    return tensor


def write_external() -> None:
    """The mean of each colour, by a matrix product and a sum whose weights lie in files of their own.

    One file belongs to the graph, one to a branch in it.
    """
    result = [helper.make_tensor_value_info("chosen", TensorProto.FLOAT, [3])]
    zeros = external("zeros", np.zeros(3, np.float32), "weights/branch.data")
    branch = helper.make_graph([node("Identity", ["zeros"], "chosen")], "branch", [], result, [zeros])
    nodes = [
        mean_node("image", [2, 3], "colours"),
        node("MatMul", ["colours", "identity"], "product"),
        node("If", ["true"], "offset", then_branch=branch, else_branch=branch),
        node("Add", ["product", "offset"], "mean"),
    ]
    identity = external("identity", np.eye(3, dtype=np.float32), "model.onnx.data")
    graph = helper.make_graph(
        nodes,
        "external",
        [helper.make_tensor_value_info("image", TensorProto.FLOAT, NCHW)],
        [helper.make_tensor_value_info("mean", TensorProto.FLOAT, ["N", 3])],
        [identity, constant("true", np.array(True))],
    )
    save("external", graph)


def main() -> None:
    write("mean-colour", mean_colour_nodes(), NCHW, outputs=("mean", "probabilities"))
    write("fixed-batch", mean_colour_nodes(), [1, 3, 8, 8], outputs=("mean", "probabilities"))
    write("nhwc", [mean_node("image", [1, 2])], NHWC)
    cast = node("Cast", ["image"], "float", to=TensorProto.FLOAT)
    write("uint8", [cast, mean_node("float", [1, 2])], NHWC, dtype=TensorProto.UINT8)
    write_fails()
    write_slow()
    write_boxes()
    write_densenet()
    write_features()
    write_external()


if __name__ == "__main__":
    main()
