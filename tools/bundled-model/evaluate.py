"""Compares the bundled model with its float32 original, and both with labelled photographs.

    python make_model.py --fp32 /tmp/fp32.onnx
    python evaluate.py --fp32 /tmp/fp32.onnx FOLDER [FOLDER ...]

A FOLDER holds photographs and, if they are labelled, an expected.json that gives each file's
accepted ImageNet indices. Every photograph is compared; the labelled ones are also scored.
"""

import argparse
import os
import tempfile
import time
from pathlib import Path

# ONNX Runtime sends usage data unless it is told not to before it is loaded.
os.environ["ORT_DISABLE_TELEMETRY"] = "1"

import numpy as np
import onnxruntime as ort

from make_model import DEFAULT_OUTPUT
from photographs import Photograph, count_scenes, prepare, random_view, read_folder

BATCH = 8


def open_session(model: Path, optimised: Path | None = None) -> ort.InferenceSession:
    """A session on one thread, as a worker of the scoring server has it."""
    options = ort.SessionOptions()
    options.intra_op_num_threads = 1
    options.log_severity_level = 3
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")
    if optimised:
        options.optimized_model_filepath = str(optimised)
    return ort.InferenceSession(str(model), options, providers=["CPUExecutionProvider"])


def probabilities(session: ort.InferenceSession, inputs: list[np.ndarray]) -> np.ndarray:
    """Softmax of the logits, float64 [n,1000]."""
    batches = [np.stack(inputs[i : i + BATCH]) for i in range(0, len(inputs), BATCH)]
    logits = np.concatenate([session.run(None, {"images": batch})[0] for batch in batches])
    exponentials = np.exp(logits.astype(np.float64) - logits.max(axis=1, keepdims=True))
    return exponentials / exponentials.sum(axis=1, keepdims=True)


def report_agreement(original, stored, photographs: list[Photograph], views: int) -> None:
    """Top-1 agreement of the two models on seeded random views of the photographs."""
    random = np.random.default_rng(20240501)
    each = -(-views // len(photographs))
    inputs = [prepare(random_view(p.pixels, random)) for p in photographs for _ in range(each)]
    a, b = probabilities(original, inputs), probabilities(stored, inputs)
    same = a.argmax(axis=1) == b.argmax(axis=1)
    shifts = np.abs(a - b).max(axis=1)
    scenes = count_scenes(photographs)
    print(f"{len(inputs)} views of {len(photographs)} photographs, {scenes} distinct scenes")
    print(f"top-1 agreement {100 * same.mean():.2f} % ({np.count_nonzero(~same)} differ)")
    confident = a.max(axis=1) >= 0.5
    agreeing = 100 * same[confident].mean()
    print(f"  where float32 is at least 50 % sure: {agreeing:.2f} % of {confident.sum()}")
    print(f"probability shift: largest {shifts.max():.4f}, mean of largest {shifts.mean():.4f}")
    for view in np.flatnonzero(~same):
        first, second = a[view].argmax(), b[view].argmax()
        print(
            f"  differs: {photographs[view // each].path.name}: "
            f"float32 {first} {a[view, first]:.3f} (and {second} {a[view, second]:.3f}), "
            f"bundled {second} {b[view, second]:.3f} (and {first} {b[view, first]:.3f})"
        )


def report_labelled(original, stored, photographs: list[Photograph], labels: list[str]) -> None:
    """Top-1 and top-5 of both models on each labelled photograph."""
    labelled = [p for p in photographs if p.accepted]
    if not labelled:
        return
    inputs = [prepare(p.pixels) for p in labelled]
    results = [probabilities(session, inputs) for session in (original, stored)]
    for index, photograph in enumerate(labelled):
        print(f"{photograph.path.name}: accepted {list(photograph.accepted)}")
        for name, result in zip(("float32", "bundled"), results, strict=True):
            order = result[index].argsort()[::-1][:5]
            verdict = "top-1" if order[0] in photograph.accepted else "MISS"
            if verdict == "MISS" and set(order) & set(photograph.accepted):
                verdict = "top-5"
            top = ", ".join(f"{i} {labels[i].split(',')[0]} {result[index, i]:.3f}" for i in order)
            print(f"  {name:7} {verdict}: {top}")
    for name, result in zip(("float32", "bundled"), results, strict=True):
        ranks = result.argsort(axis=1)[:, ::-1]
        pairs = list(zip(ranks, labelled, strict=True))
        top1 = sum(r[0] in p.accepted for r, p in pairs)
        top5 = sum(bool(set(r[:5]) & set(p.accepted)) for r, p in pairs)
        print(f"{name}: top-1 {top1} of {len(labelled)}, top-5 {top5} of {len(labelled)}")


def report_speed(models: dict[str, Path]) -> None:
    """Load time, and one thread's time per image; the models take turns, to share any noise."""
    sessions, image = {}, np.zeros((1, 3, 224, 224), np.float32)
    for name, path in models.items():
        start = time.perf_counter()
        sessions[name] = open_session(path)
        print(f"{name}: session in {1000 * (time.perf_counter() - start):.0f} ms")
    times: dict[str, list[float]] = {name: [] for name in models}
    for _ in range(60):
        for name, session in sessions.items():
            start = time.perf_counter()
            session.run(None, {"images": image})
            times[name].append(1000 * (time.perf_counter() - start))
    for name, taken in times.items():
        print(f"{name}: one image {np.median(taken[10:]):.2f} ms (median of {len(taken) - 10})")


def report_folding(models: dict[str, Path]) -> None:
    """Node types left after ONNX Runtime's optimiser: both models must come out the same."""
    import onnx

    for name, path in models.items():
        with tempfile.TemporaryDirectory() as folder:
            optimised = Path(folder) / "optimised.onnx"
            open_session(path, optimised)
            kinds = [node.op_type for node in onnx.load(optimised).graph.node]
        counts = ", ".join(f"{kind} {kinds.count(kind)}" for kind in sorted(set(kinds)))
        print(f"{name}: nodes after optimisation: {counts}")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folders", nargs="+", type=Path, help="folders of photographs")
    parser.add_argument("--fp32", type=Path, required=True, help="from make_model.py --fp32")
    parser.add_argument("--model", type=Path, default=DEFAULT_OUTPUT, help="model package folder")
    parser.add_argument("--views", type=int, default=600, help="views to compare, at least")
    arguments = parser.parse_args()

    models = {"float32": arguments.fp32, "bundled": arguments.model / "model.onnx"}
    labels = (arguments.model / "labels.txt").read_text(encoding="utf-8").splitlines()
    photographs = [p for folder in arguments.folders for p in read_folder(folder)]
    original, stored = (open_session(path) for path in models.values())
    report_folding(models)
    report_speed(models)
    report_agreement(original, stored, photographs, arguments.views)
    report_labelled(original, stored, photographs, labels)


if __name__ == "__main__":
    main()
