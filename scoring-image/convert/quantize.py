"""Makes an int8 model of a float32 one, and measures what it costs and gains; prints JSON.

    python quantize.py MODEL.onnx INT8.onnx --calibrate TENSORS.npy --check TENSORS.npy

Static, weights per output channel. If all layers in int8 agree with the original on less than
--agreement of the calibration pictures' top-1 classes, the layers that change the output most stay
float32, as few of them as needed. QDQ and QOperator are both measured on this CPU; the faster one that
agrees as well stays, with layers chosen for it if those chosen for QDQ do not do.
"""

import argparse
import json
import logging
import os
import sys
import tempfile
from pathlib import Path

os.environ["ORT_DISABLE_TELEMETRY"] = "1"

import numpy as np
import onnx
import onnxruntime as ort
from onnxruntime.quantization import CalibrationDataReader, CalibrationMethod, QuantType
from onnxruntime.quantization.calibrate import create_calibrator
from onnxruntime.quantization.onnx_quantizer import ONNXQuantizer
from onnxruntime.quantization.qdq_quantizer import QDQQuantizer
from onnxruntime.quantization.quant_utils import QuantizationMode, load_model_with_shape_infer
from onnxruntime.quantization.registry import QDQRegistry, QLinearOpsRegistry
from onnxruntime.quantization.shape_inference import quant_pre_process

from agreement import agreement, measure, milliseconds, scores
from errors import Refused
from onnx_file import load, size

REFUSED = 3
# Views on which the change that a single layer makes is measured.
PROBED = 24
# Unsigned: on CPUs without VNNI, signed weights of eight bits overflow ONNX Runtime's 16-bit sums, and of seven lose accuracy.
WEIGHTS = QuantType.QUInt8
LAYERS = ("Conv", "Gemm", "MatMul")


def say(text: str) -> None:
    print(text, file=sys.stderr, flush=True)


class Views(CalibrationDataReader):
    """Feeds prepared pictures to the calibrator, one at a time."""

    def __init__(self, name: str, tensors: np.ndarray):
        self._name, self._rows = name, iter(tensors)

    def get_next(self):
        row = next(self._rows, None)
        return None if row is None else {self._name: np.asarray(row)[None]}


class Quantizer:
    """Quantizes one prepared model again and again with the ranges of one calibration."""

    def __init__(self, prepared: Path, folder: Path, calibration: np.ndarray):
        self._folder = folder
        self._base = load_model_with_shape_infer(prepared)
        calibrator = create_calibrator(
            prepared, None, augmented_model_path=str(folder / "augmented.onnx"), calibrate_method=CalibrationMethod.MinMax
        )
        calibrator.collect_data(Views(self._base.graph.input[0].name, calibration))
        self._ranges = calibrator.compute_data()
        self.layers = [node.name for node in self._base.graph.node if node.op_type in LAYERS]
        self.others = [node.name for node in self._base.graph.node if node.op_type not in LAYERS]

    def quantize(self, nodes: list[str], file: str = "candidate.onnx", qdq: bool = True) -> Path:
        """Writes the model with these nodes in int8."""
        model = onnx.ModelProto()
        model.CopyFrom(self._base)
        kinds = list(QDQRegistry if qdq else QLinearOpsRegistry)
        common = (WEIGHTS, QuantType.QUInt8, self._ranges, nodes, [], kinds)
        quantizer = (
            QDQQuantizer(model, True, False, *common, {})
            if qdq
            else ONNXQuantizer(model, True, False, QuantizationMode.QLinearOps, True, *common, {})
        )
        quantizer.quantize_model()
        target = self._folder / file
        quantizer.model.save_model_to_file(str(target))
        return target


def choose_layers(
    quantizer: Quantizer, original: Path, calibration: np.ndarray, output: str, wanted: float, qdq: bool
) -> list[str]:
    """Nodes to quantize: all, or all but the fewest most sensitive layers that bring the wanted agreement in this format."""

    def written(nodes: list[str]) -> Path:
        return quantizer.quantize(nodes, qdq=qdq)

    reference = scores(original, calibration, output)
    # The other operators only carry int8 from layer to layer; beside float32 layers they would add rounding.
    everything = quantizer.layers + quantizer.others
    found = agreement(reference, scores(written(everything), calibration, output))
    say(f"all layers in int8: top-1 agrees in {100 * found:.1f} % of the calibration pictures")
    if found >= wanted:
        return everything
    probes = calibration[:: max(1, len(calibration) // PROBED)][:PROBED]
    exact = scores(original, probes, output)
    change = {}
    for index, layer in enumerate(quantizer.layers):
        say(f"measuring layer {index + 1} of {len(quantizer.layers)}: {layer}")
        change[layer] = float(np.square(scores(written([layer]), probes, output) - exact).mean())
    order = sorted(quantizer.layers, key=change.get)
    low, high, best = 1, len(order), []
    while low <= high:
        middle = (low + high) // 2
        nodes = order[:middle]
        found = agreement(reference, scores(written(nodes), calibration, output))
        say(f"{middle} of {len(order)} layers in int8: top-1 agrees in {100 * found:.1f} %")
        if found >= wanted:
            best, low = nodes, middle + 1
        else:
            high = middle - 1
    if not best:
        raise Refused(f"not one layer can be int8 with {100 * wanted:.1f} % agreement; lower --agreement")
    return best


def choose_format(
    quantizer: Quantizer, given: argparse.Namespace, calibration: np.ndarray, output: str
) -> tuple[str, list[str], dict[str, float]]:
    """The format whose file is to be kept, the nodes that are int8 in it, and the milliseconds of one picture."""
    say("trying all layers")
    chosen = {"qdq": choose_layers(quantizer, given.model, calibration, output, given.agreement, qdq=True)}
    chosen["qoperator"] = chosen["qdq"]
    files = {name: quantizer.quantize(nodes, f"{name}.onnx", qdq=name == "qdq") for name, nodes in chosen.items()}
    reference = scores(given.model, calibration, output)
    if agreement(reference, scores(files["qoperator"], calibration, output)) < given.agreement:
        # Its operators round in other places.
        say("choosing layers again for QOperator, which agrees less with these")
        chosen["qoperator"] = choose_layers(quantizer, given.model, calibration, output, given.agreement, qdq=False)
        files["qoperator"] = quantizer.quantize(chosen["qoperator"], "qoperator.onnx", qdq=False)
    say("measuring")
    times = milliseconds({"original": given.model, **files}, np.asarray(calibration[:1]))
    best = min(files, key=times.get)
    return best, chosen[best], times


def quantize(given: argparse.Namespace) -> dict:
    logging.getLogger().setLevel(logging.ERROR)
    calibration, check = (np.load(file, mmap_mode="r") for file in (given.calibrate, given.check))
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        prepared = folder / "prepared.onnx"
        say("preparing and calibrating")
        # The library does not look for weights where the model's own folder has them.
        whole = folder / "whole.onnx"
        onnx.save(load(given.model), whole)
        quant_pre_process(str(whole), str(prepared), skip_symbolic_shape=True)
        output = given.output or onnx.load(prepared, load_external_data=False).graph.output[0].name
        quantizer = Quantizer(prepared, folder, calibration)
        if not quantizer.layers:
            raise Refused(f"{given.model} has no {', '.join(LAYERS)} to quantize")
        best, nodes, times = choose_format(quantizer, given, calibration, output)
        given.int8.write_bytes((folder / f"{best}.onnx").read_bytes())
    quantized = set(nodes)
    return {
        "format": best,
        "int8Layers": len([layer for layer in quantizer.layers if layer in quantized]),
        "layers": len(quantizer.layers),
        "floatLayers": [layer for layer in quantizer.layers if layer not in quantized],
        "milliseconds": times,
        "speedRatio": round(times["original"] / times[best], 3),
        "bytes": {"original": size(given.model), "int8": given.int8.stat().st_size},
        "calibration": measure(given.model, given.int8, calibration, output, given.logits),
        "check": measure(given.model, given.int8, check, output, given.logits),
        "tools": {"onnxruntime": ort.__version__, "onnx": onnx.__version__},
    }


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("model", type=Path)
    parser.add_argument("int8", type=Path)
    parser.add_argument("--calibrate", type=Path, required=True)
    parser.add_argument("--check", type=Path, required=True)
    parser.add_argument("--output", help="the classifying output")
    parser.add_argument("--logits", action="store_true", help="the output is logits")
    parser.add_argument("--agreement", type=float, default=0.99)
    given = parser.parse_args()
    try:
        print(json.dumps(quantize(given)))
    except Refused as error:
        say(f"refused: {error}")
        return REFUSED
    return 0


if __name__ == "__main__":
    sys.exit(main())
