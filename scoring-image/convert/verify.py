"""Runs the same pictures through two models and compares what comes out; prints JSON.

    python verify.py PLAN.json

The plan (written by `npm run model -- verify`) has for each side: path (an ONNX file, a SavedModel or
a frozen graph), input, tensors (an .npy file [pictures, ...]) and pictures (files, for a graph that decodes
them itself); and the first side's outputs with their aliases, and whether they classify.
"""

import argparse
import json
import os
import resource
import sys
import time
from pathlib import Path

os.environ["TF_CPP_MIN_LOG_LEVEL"] = "3"
os.environ["CUDA_VISIBLE_DEVICES"] = "-1"
os.environ["ORT_DISABLE_TELEMETRY"] = "1"

import numpy as np

from errors import Refused

REFUSED = 3


class OnnxSide:
    """An ONNX file in ONNX Runtime, on one thread as a session worker has it."""

    def __init__(self, side: dict):
        import onnxruntime as ort

        options = ort.SessionOptions()
        options.intra_op_num_threads = 1
        options.log_severity_level = 3
        self._session = ort.InferenceSession(side["path"], options, providers=["CPUExecutionProvider"])
        self._input = side["input"] or self._session.get_inputs()[0].name
        self.names = {output.name: output.name for output in self._session.get_outputs()}
        self.inner = {}
        self.text = False

    def run(self, data, outputs: list[str]) -> list[np.ndarray]:
        return self._session.run(outputs, {self._input: data})


class TensorFlowSide:
    """A SavedModel or frozen graph in TensorFlow."""

    def __init__(self, side: dict, wanted: list[str]):
        import tensorflow as tf

        from cut import is_text, resolve
        from source import node_of, open_source

        source = open_source(Path(side["path"]), outputs=wanted)
        given = resolve(source, side["input"], []).input if source.outputs else side["input"]
        nodes = {node.name for node in source.graph_def.node}
        self.names = {**{t: t for t in source.outputs.values()}, **source.outputs}
        # Tensors that are no outputs of the graph, such as logits before its softmax.
        self.inner = {name: name for name in wanted if ":" in name and node_of(name) in nodes}
        self.text = is_text(source, given)
        self._base64 = any(n.op == "DecodeBase64" for n in source.graph_def.node)
        graph = tf.Graph()
        with graph.as_default():
            tf.import_graph_def(source.graph_def, name="")
        self._input = graph.get_tensor_by_name(given)
        self._session = tf.compat.v1.Session(graph=graph)

    def run(self, data, outputs: list[str]) -> list[np.ndarray]:
        import tensorflow as tf

        if self.text:
            data = [tf.io.encode_base64(d).numpy() if self._base64 else d for d in data]
            data = data[0] if self._input.shape.rank == 0 else data
        else:
            data = self._arranged(data)
        return self._session.run(outputs, {self._input: data})

    def _arranged(self, data: np.ndarray) -> np.ndarray:
        """Moves the channels where this graph wants them, if they are the only difference."""
        channels = self._input.shape.as_list()[-1] if self._input.shape.rank == 4 else None
        return data.transpose(0, 2, 3, 1) if channels == 3 and data.shape[1] == 3 and data.shape[3] != 3 else data


def open_side(side: dict, wanted: list[str]):
    return OnnxSide(side) if side["path"].endswith(".onnx") else TensorFlowSide(side, wanted)


def pair_outputs(first, second, named: list[dict]) -> list[tuple[str, str, bool]]:
    """Output of the first model, of the second, and whether it classifies: by name or alias, else by position."""
    names = {**second.names, **{f"{name}:0": tensor for name, tensor in second.names.items()}}
    pairs = []
    for index, output in enumerate(named):
        match = next((names[n] for n in [output["name"], *output["aliases"]] if n in names), None)
        match = match or second.inner.get(output["name"])
        others = list(dict.fromkeys(second.names.values()))
        if match is None and len(others) == len(named):
            match = others[index]
        if match is None:
            raise Refused(f"the second model has no output {output['name']}, only {', '.join(others)}")
        pairs.append((output["name"], match, output["classifies"]))
    return pairs


def run_all(model, side: dict, outputs: list[str], label: str) -> tuple[list[np.ndarray], float]:
    """Outputs over all pictures, one picture a run, and the mean milliseconds of a run but the first."""
    if model.text:
        rows = [[Path(file).read_bytes()] for file in side["pictures"]]
    else:
        tensors = np.load(side["tensors"], mmap_mode="r")
        rows = [np.asarray(tensors[i : i + 1]) for i in range(len(tensors))]
    results, times = [], []
    for i, row in enumerate(rows):
        began = time.perf_counter()
        results.append(model.run(row, outputs))
        times.append(1000 * (time.perf_counter() - began))
        print(f"{label}: picture {i + 1} of {len(rows)}", file=sys.stderr, flush=True)
    joined = [np.concatenate([np.atleast_1d(r[k]) for r in results]) for k in range(len(outputs))]
    return joined, float(np.mean(times[1:] or times))


def compare(a: np.ndarray, b: np.ndarray, classifies: bool) -> dict:
    """Differences of two [pictures, ...] arrays, also as a part of the second one's standard deviation."""
    a, b = (x.reshape(len(x), -1).astype(np.float64) for x in (a, b))
    if a.shape != b.shape:
        raise Refused(f"the outputs have the shapes {a.shape} and {b.shape}")
    for which, values in (("first", a), ("second", b)):
        if not np.isfinite(values).all():
            raise Refused(f"the {which} model answers values that are no numbers (NaN or infinite)")
    difference, deviation = np.abs(a - b), float(b.std())
    apart = [float(np.abs(b[i] - b[j]).max()) for i in range(len(b)) for j in range(i)]
    report = {
        "largestDifference": float(difference.max()),
        "meanDifference": float(difference.mean()),
        "standardDeviation": deviation,
        "largestOfDeviation": float(difference.max() / deviation) if deviation > 0 else None,
        "leastDifferenceOfTwoPictures": min(apart, default=None),
    }
    if classifies:
        report["top1Agreement"] = float((a.argmax(1) == b.argmax(1)).mean())
    return report


def verify(plan: dict) -> dict:
    wanted = [output["name"] for output in plan["outputs"]]
    sides = [open_side(plan["first"], wanted), open_side(plan["second"], wanted)]
    pairs = pair_outputs(*sides, plan["outputs"])
    ours, our_ms = run_all(sides[0], plan["first"], [p[0] for p in pairs], "first")
    theirs, their_ms = run_all(sides[1], plan["second"], [p[1] for p in pairs], "second")
    return {
        "pictures": len(ours[0]),
        "milliseconds": {"first": round(our_ms, 1), "second": round(their_ms, 1)},
        "peakMemoryMb": round(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024),
        "outputs": [
            {"first": p[0], "second": p[1], **compare(a, b, p[2])}
            for p, a, b in zip(pairs, ours, theirs, strict=True)
        ],
    }


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("plan", type=Path)
    try:
        print(json.dumps(verify(json.loads(parser.parse_args().plan.read_text()))))
    except Refused as error:
        print(f"refused: {error}", file=sys.stderr)
        return REFUSED
    return 0


if __name__ == "__main__":
    sys.exit(main())
