"""Describes an ONNX file, a SavedModel or a frozen graph; prints JSON.

python inspect_model.py PATH [--signature S]
"""

import argparse
import collections
import json
import os
import sys
from pathlib import Path

os.environ["TF_CPP_MIN_LOG_LEVEL"] = "3"
os.environ["CUDA_VISIBLE_DEVICES"] = "-1"

import numpy as np

from errors import Refused

REFUSED = 3


def inspect_onnx(file: Path) -> dict:
    import onnx

    from onnx_file import load_graph, size

    model = load_graph(file)
    constants = {tensor.name for tensor in model.graph.initializer}

    def tensor(value):
        kind = value.type.tensor_type
        dtype = np.dtype(onnx.helper.tensor_dtype_to_np_dtype(kind.elem_type)).name
        shape = [d.dim_value if d.HasField("dim_value") else d.dim_param or "?" for d in kind.shape.dim]
        return {"name": value.name, "dtype": dtype, "shape": shape}

    return {
        "kind": "ONNX",
        "opset": next((o.version for o in model.opset_import if o.domain in ("", "ai.onnx")), None),
        "inputs": [tensor(v) for v in model.graph.input if v.name not in constants],
        "outputs": [tensor(v) for v in model.graph.output],
        "operators": dict(collections.Counter(n.op_type for n in model.graph.node).most_common()),
        "parameters": sum(int(np.prod(t.dims)) for t in model.graph.initializer),
        "bytes": size(file),
        "producer": f"{model.producer_name} {model.producer_version}".strip(),
    }


def inspect_tensorflow(path: Path, signature: str) -> dict:
    import tensorflow as tf

    from cut import DECODERS, is_text
    from operators import all_nodes
    from source import open_source

    source = open_source(path, signature)
    graph = tf.Graph()
    with graph.as_default():
        tf.import_graph_def(source.graph_def, name="")

    def tensor(alias, name):
        value = graph.get_tensor_by_name(name)
        shape = ["?" if d is None else d for d in value.shape.as_list()] if value.shape.rank is not None else None
        return {"name": alias, "tensor": name, "dtype": value.dtype.name, "shape": shape}

    nodes = list(all_nodes(source.graph_def))
    constants = [tf.TensorShape(n.attr["value"].tensor.tensor_shape) for n in source.graph_def.node if n.op == "Const"]
    files = [path] if path.is_file() else [p for p in path.rglob("*") if p.is_file()]
    return {
        "kind": source.kind,
        "signature": signature if source.kind != "frozen graph" else None,
        "inputs": [tensor(*pair) for pair in source.inputs.items()],
        "outputs": [tensor(*pair) for pair in source.outputs.items()],
        "operators": dict(collections.Counter(n.op for n in nodes).most_common()),
        "parameters": sum(shape.num_elements() or 0 for shape in constants),
        "bytes": sum(p.stat().st_size for p in files),
        "decodesPictures": any(n.op in DECODERS for n in nodes)
        and any(is_text(source, name) for name in source.inputs.values()),
    }


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("path", type=Path)
    parser.add_argument("--signature", default="serving_default")
    given = parser.parse_args()
    try:
        is_onnx = given.path.suffix == ".onnx"
        print(json.dumps(inspect_onnx(given.path) if is_onnx else inspect_tensorflow(given.path, given.signature)))
    except Refused as error:
        print(f"refused: {error}", file=sys.stderr)
        return REFUSED
    return 0


if __name__ == "__main__":
    sys.exit(main())
