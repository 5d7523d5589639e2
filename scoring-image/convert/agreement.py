"""How far a model that was made smaller is from its original: top-1, probabilities, other outputs, milliseconds."""

import time
from pathlib import Path

import numpy as np
import onnxruntime as ort

from errors import Refused

BATCH = 8


def session(model: Path) -> ort.InferenceSession:
    options = ort.SessionOptions()
    options.intra_op_num_threads = 1
    options.log_severity_level = 4
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")
    return ort.InferenceSession(str(model), options, providers=["CPUExecutionProvider"])


def answers(model: Path, tensors: np.ndarray, outputs: list[str]) -> list[np.ndarray]:
    """The outputs, each float64 [pictures, values]. Raises Refused where they cannot be compared."""
    opened = session(model)
    given = opened.get_inputs()[0]
    size = given.shape[0] if isinstance(given.shape[0], int) else BATCH
    runs = [opened.run(outputs, {given.name: np.asarray(tensors[i : i + size])}) for i in range(0, len(tensors), size)]
    tables = []
    for name, rows in zip(outputs, zip(*runs, strict=True), strict=True):
        if len({row.shape[1:] for row in rows}) > 1:
            raise Refused(f"the shape of {name} depends on the picture, so two models' values cannot be compared")
        joined = np.concatenate(rows).astype(np.float64)
        if not np.isfinite(joined).all():
            raise Refused(f"{model.name} answers values of {name} that are no numbers (NaN or infinite)")
        tables.append(joined.reshape(len(joined), -1))
    return tables


def scores(model: Path, tensors: np.ndarray, output: str) -> np.ndarray:
    """The classifying output, float64 [pictures, classes]. Raises Refused."""
    return answers(model, tensors, [output])[0]


def agreement(a: np.ndarray, b: np.ndarray) -> float:
    return float((a.argmax(1) == b.argmax(1)).mean())


def softmax(values: np.ndarray) -> np.ndarray:
    exponentials = np.exp(values - values.max(1, keepdims=True))
    return exponentials / exponentials.sum(1, keepdims=True)


def milliseconds(models: dict[str, Path], picture: np.ndarray, runs: int = 40) -> dict[str, float]:
    """Median of one picture on one thread; the models take turns, so that any noise is shared."""
    opened = {name: session(path) for name, path in models.items()}
    times: dict[str, list[float]] = {name: [] for name in models}
    for _ in range(runs + 5):
        for name, one in opened.items():
            began = time.perf_counter()
            one.run(None, {one.get_inputs()[0].name: picture})
            times[name].append(1000 * (time.perf_counter() - began))
    return {name: round(float(np.median(taken[5:])), 2) for name, taken in times.items()}


def measure(original: Path, made: Path, tensors: np.ndarray, output: str, logits: bool) -> dict:
    """Agreement of the made model with the original, and how far probabilities moved."""
    a, b = (scores(model, tensors, output) for model in (original, made))
    first, second = (softmax(x) if logits else x for x in (a, b))
    shifts = np.abs(first - second).max(1)
    return {
        "views": len(tensors),
        "top1Agreement": agreement(a, b),
        "largestProbabilityShift": float(shifts.max()),
        "meanOfLargestShifts": float(shifts.mean()),
    }


def differences(original: Path, made: Path, tensors: np.ndarray) -> dict:
    """What a model that does not classify answers: each output's largest difference, also of its standard deviation."""
    names = [output.name for output in session(original).get_outputs()]
    pairs = zip(*(answers(model, tensors, names) for model in (original, made)), strict=True)
    found = [(name, float(np.abs(a - b).max()), float(a.std())) for name, (a, b) in zip(names, pairs, strict=True)]
    return {
        "views": len(tensors),
        "outputs": [
            {"name": name, "largestDifference": largest, "largestOfDeviation": largest / deviation if deviation else None}
            for name, largest, deviation in found
        ],
    }
