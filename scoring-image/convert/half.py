"""Makes a float16 model of a float32 one, and measures what it costs; prints JSON.

    python half.py MODEL.onnx FLOAT16.onnx --check TENSORS.npy [--output NAME]

Weights and almost all operators become float16, inputs and outputs keep their types.
Exit code 3 and one sentence: the model cannot be float16, or agrees too rarely with the original.
"""

import argparse
import json
import os
import sys
import tempfile
from pathlib import Path

os.environ["ORT_DISABLE_TELEMETRY"] = "1"

import numpy as np
import onnx
import onnxruntime as ort
from onnx import TensorProto
from onnxruntime.quantization.onnx_model import ONNXModel
from onnxruntime.transformers.float16 import DEFAULT_OP_BLOCK_LIST, convert_float_to_float16

from agreement import differences, measure, milliseconds
from errors import Refused
from onnx_file import load, size

REFUSED = 3
# Exponentials, powers and long sums leave float16's range or lose its eleven bits: what PyTorch's autocast keeps in float32.
# The library's own list has what has no float16 kernel, and detectors' heads.
FLOAT32 = (
    *DEFAULT_OP_BLOCK_LIST,
    "Softmax", "LogSoftmax", "Exp", "Log", "Pow", "Softplus", "Reciprocal",
    "LayerNormalization", "InstanceNormalization", "GroupNormalization", "MeanVarianceNormalization", "LpNormalization", "LRN",
    "ReduceSum", "ReduceProd", "ReduceL1", "ReduceL2", "ReduceSumSquare", "ReduceLogSum", "ReduceLogSumExp",
)  # fmt: skip
INT8 = ("QuantizeLinear", "DequantizeLinear", "QLinearConv", "QLinearMatMul", "ConvInteger", "MatMulInteger")
BRANCHES = ("If", "Loop", "Scan")


def to_float16(model: onnx.ModelProto) -> onnx.ModelProto:
    """The model computed in float16, with the input and the outputs as they were. Raises Refused."""
    operators = {node.op_type for node in model.graph.node}
    for kinds, why in ((INT8, "it is int8 in part; begin with the float32 model"), (BRANCHES, "casts cannot enter branches")):
        if found := sorted(operators.intersection(kinds)):
            raise Refused(f"a model with {', '.join(found)} is not made float16: {why}")
    made = convert_float_to_float16(_folded(model), keep_io_types=True, op_block_list=FLOAT32)
    _skip_rounding(made)
    # The library appends its casts behind the nodes that need them.
    ONNXModel(made).topological_sort()
    onnx.checker.check_model(made)
    return made


def _folded(model: onnx.ModelProto) -> onnx.ModelProto:
    """The model with its constants computed in float32, so that each weight is rounded once."""
    with tempfile.TemporaryDirectory() as name:
        source, target = Path(name) / "source.onnx", Path(name) / "folded.onnx"
        onnx.save(model, source)
        options = ort.SessionOptions()
        options.log_severity_level = 3
        options.graph_optimization_level = ort.GraphOptimizationLevel.ORT_ENABLE_BASIC
        options.optimized_model_filepath = str(target)
        ort.InferenceSession(str(source), options, providers=["CPUExecutionProvider"])
        return onnx.load(target)


def _skip_rounding(model: onnx.ModelProto) -> None:
    """Leads float32 past a cast to float16 and back, which the library leaves between two operators in float32."""
    graph = model.graph
    halves = {node.output[0]: node for node in graph.node if _casts_to(node, TensorProto.FLOAT16)}
    for node in graph.node:
        if _casts_to(node, TensorProto.FLOAT) and node.input[0] in halves:
            node.input[0] = halves[node.input[0]].input[0]
    used = {name for node in graph.node for name in node.input} | {output.name for output in graph.output}
    for name, node in halves.items():
        if name not in used:
            graph.node.remove(node)


def _casts_to(node: onnx.NodeProto, kind: int) -> bool:
    return node.op_type == "Cast" and onnx.helper.get_node_attr_value(node, "to") == kind


def make(given: argparse.Namespace) -> dict:
    original = load(given.model)
    print("casting to float16", file=sys.stderr, flush=True)
    made = to_float16(original)
    given.float16.write_bytes(made.SerializeToString(deterministic=True))
    check = np.load(given.check, mmap_mode="r")
    print("measuring", file=sys.stderr, flush=True)
    if given.output:
        measured = measure(given.model, given.float16, check, given.output, given.logits)
        _judge(measured, given.agreement)
    else:
        measured = differences(given.model, given.float16, check)
    times = milliseconds({"original": given.model, "float16": given.float16}, np.asarray(check[:1]))
    return {
        "format": "float16",
        "float32Operators": sorted({node.op_type for node in made.graph.node if node.op_type in FLOAT32}),
        "milliseconds": times,
        "speedRatio": round(times["original"] / times["float16"], 3),
        "bytes": {"original": size(given.model), "float16": given.float16.stat().st_size},
        "check": measured,
        "tools": {"onnxruntime": ort.__version__, "onnx": onnx.__version__},
    }


def _judge(measured: dict, wanted: float) -> None:
    found = measured["top1Agreement"]
    if found < wanted:
        raise Refused(
            f"in float16 top-1 agrees in {100 * found:.1f} % of {measured['views']} views, "
            f"less than {100 * wanted:.1f} %; lower --agreement, or serve float32"
        )


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("model", type=Path)
    parser.add_argument("float16", type=Path)
    parser.add_argument("--check", type=Path, required=True)
    parser.add_argument("--output", help="the classifying output, whose top-1 has to agree; without one all outputs are compared")
    parser.add_argument("--logits", action="store_true", help="the output is logits")
    parser.add_argument("--agreement", type=float, default=0.99)
    try:
        print(json.dumps(make(parser.parse_args())))
    except Refused as error:
        print(f"refused: {error}", file=sys.stderr)
        return REFUSED
    return 0


if __name__ == "__main__":
    sys.exit(main())
