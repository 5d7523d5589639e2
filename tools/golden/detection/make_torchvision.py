"""Golden values of torchvision's SSD: raw heads as ONNX, default boxes, and what its own post-processing finds.

    python make_torchvision.py                 # test/fixtures/detection/torchvision*, shapes.png
    python make_torchvision.py --full FOLDER   # ssd300_vgg16 at its full size, with a picture
    python make_torchvision.py --full FOLDER --answer TENSORS.npy   # afterwards: its heads for these

All weights are random, from a fixed seed; the heads' are scaled so that their logits tell classes apart.
"""

import argparse
import hashlib
import json
from pathlib import Path

import numpy as np
import onnx
import torch
from pictures import stretch, write_shapes
from torch import nn
from torchvision.models.detection import ssd300_vgg16
from torchvision.models.detection.anchor_utils import DefaultBoxGenerator
from torchvision.models.detection.image_list import ImageList
from torchvision.models.detection.ssd import SSD

FIXTURES = Path(__file__).resolve().parents[3] / "test" / "fixtures" / "detection"
MEAN = [123, 117, 104]  # torchvision's image_mean, of 255
LOGIT_DEVIATION = 2.0
OFFSET_DEVIATION = 1.0


class TinyBackbone(nn.Module):
    """Two feature maps, at an eighth and at a sixteenth of the input."""

    out_channels = [8, 8]

    def __init__(self):
        super().__init__()
        self.first = nn.Sequential(
            nn.Conv2d(3, 8, 5, stride=4, padding=2),
            nn.ReLU(),
            nn.Conv2d(8, 8, 3, stride=2, padding=1),
            nn.ReLU(),
        )
        self.second = nn.Sequential(nn.Conv2d(8, 8, 3, stride=2, padding=1), nn.ReLU())

    def forward(self, x):
        first = self.first(x)
        return {"0": first, "1": self.second(first)}


def tiny_ssd() -> SSD:
    generator = DefaultBoxGenerator(
        [[2], [2, 3]], scales=[0.2, 0.5, 1.05], steps=[8, 16], clip=True
    )
    return SSD(TinyBackbone(), generator, (100, 100), num_classes=5, score_thresh=0.8)


class RawHeads(nn.Module):
    """The part of an SSD between its preprocessing and its post-processing."""

    def __init__(self, ssd: SSD):
        super().__init__()
        self.ssd = ssd

    def forward(self, image):
        heads = self.ssd.head(list(self.ssd.backbone(image).values()))
        return heads["bbox_regression"], heads["cls_logits"]


@torch.no_grad()
def spread(heads: RawHeads, image: torch.Tensor) -> None:
    """Scales the last layers so that logits and offsets have the deviations above."""
    boxes, logits = heads(image)
    for head, values, wanted in (
        (heads.ssd.head.regression_head, boxes, OFFSET_DEVIATION),
        (heads.ssd.head.classification_head, logits, LOGIT_DEVIATION),
    ):
        for layer in head.module_list:
            layer.weight.mul_(wanted / values.std())


def export(heads: RawHeads, side: int, path: Path) -> None:
    torch.onnx.export(
        heads,
        (torch.zeros(2, 3, side, side),),
        path,
        input_names=["image"],
        output_names=["boxes", "logits"],
        dynamic_shapes=({0: torch.export.Dim("N")},),
        dynamo=True,
        external_data=False,
        verbose=False,
    )
    model = onnx.load(path)
    strip_metadata(model)
    onnx.save(model, path)


def strip_metadata(model: onnx.ModelProto) -> None:
    """The exporter notes where each node came from: paths of the exporting machine, and most of the file."""
    del model.metadata_props[:]
    del model.graph.metadata_props[:]
    for item in [*model.graph.node, *model.graph.value_info, *model.graph.input, *model.graph.output]:
        del item.metadata_props[:]
        item.doc_string = ""


def sha256(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


def manifest(name: str, path: Path, side: int, boxes: torch.Tensor, logits: torch.Tensor) -> dict:
    return {
        "schemaVersion": 1,
        "name": name,
        "version": "1",
        "files": {"model.onnx": sha256(path)},
        "inputs": [
            {
                "name": "image",
                "dtype": "float32",
                "shape": ["N", 3, side, side],
                "image": {"preset": "stretch", "mean": MEAN, "scale": 1},
            }
        ],
        "outputs": [
            {"name": name, "dtype": "float32", "shape": ["N", *values.shape[1:]], "kind": "detections"}
            for name, values in (("boxes", boxes), ("logits", logits))
        ],
        "detection": {"preset": "torchvision", "boxes": ["boxes"], "scores": ["logits"]},
    }


@torch.no_grad()
def find(ssd: SSD, image: torch.Tensor, size: tuple[int, int]) -> dict:
    """torchvision's own way from the network's input to boxes in pixels of a picture of the given height and width."""
    features = list(ssd.backbone(image).values())
    heads = ssd.head(features)
    sizes = [tuple(image.shape[-2:])]
    anchors = ssd.anchor_generator(ImageList(image, sizes), features)
    found = ssd.postprocess_detections(heads, anchors, sizes)
    return ssd.transform.postprocess(found, sizes, [size])[0]


def rows(found: dict) -> list[dict]:
    return [
        {"index": int(label), "score": float(score), "box": [float(value) for value in box]}
        for box, label, score in zip(found["boxes"], found["labels"], found["scores"])
    ]


def default_boxes(ssd: SSD, side: int, grids: list[int]) -> np.ndarray:
    """cx, cy, w, h in pixels of the input."""
    boxes = ssd.anchor_generator._grid_default_boxes([[g, g] for g in grids], [side, side])
    return boxes.numpy() * side


def make(name: str, ssd: SSD, side: int, folder: Path, picture: np.ndarray):
    heads = RawHeads(ssd.eval()).eval()
    values = stretch(picture, side) - np.array(MEAN, np.float32)
    image = torch.from_numpy(values.transpose(2, 0, 1)[None].copy())
    spread(heads, image)
    with torch.no_grad():
        boxes, logits = heads(image)
    folder.mkdir(parents=True, exist_ok=True)
    export(heads, side, folder / "model.onnx")
    description = manifest(name, folder / "model.onnx", side, boxes, logits)
    found = rows(find(ssd, image, picture.shape[:2]))
    print(f"{name}: {len(found)} detections, {(folder / 'model.onnx').stat().st_size} bytes")
    return description, found


def write_json(path: Path, value) -> None:
    path.write_text(json.dumps(value, indent=1) + "\n")


def write_rows(path: Path, values: list) -> None:
    path.write_text("[\n" + ",\n".join(json.dumps(value) for value in values) + "\n]\n")


def make_fixtures() -> None:
    picture = write_shapes(FIXTURES / "shapes.png")
    description, found = make("torchvision-ssd", tiny_ssd(), 100, FIXTURES / "torchvision", picture)
    description["detection"] |= {
        "labels": ["background", "one", "two", "three", "four"],
        "scoreThreshold": 0.8,
        "layers": [
            {"grid": [13, 13], "step": 8, "sizes": [20, 50], "ratios": [2, 0.5]},
            {"grid": [7, 7], "step": 16, "sizes": [50, 105], "ratios": [2, 0.5, 3, 1 / 3]},
        ],
    }
    write_json(FIXTURES / "torchvision" / "model.json", description)
    write_rows(FIXTURES / "torchvision.json", found)
    every = 97
    anchors = default_boxes(ssd300_vgg16(weights=None, weights_backbone=None), 300, [38, 19, 10, 5, 3, 1])
    sampled = {"count": len(anchors), "every": every, "anchors": anchors[::every].tolist()}
    write_json(FIXTURES / "torchvision-anchors.json", sampled)


def make_full(folder: Path) -> None:
    picture = write_shapes(folder / "shapes.png")
    ssd = ssd300_vgg16(weights=None, weights_backbone=None)
    description, found = make("torchvision-full", ssd, 300, folder / "torchvision", picture)
    write_json(folder / "torchvision" / "model.json", description)
    write_rows(folder / "torchvision.json", found)
    torch.save(ssd.state_dict(), folder / "torchvision.pt")


@torch.no_grad()
def answer_full(folder: Path, tensors: Path) -> None:
    """One file for each head, float32 in the order of the tensors."""
    ssd = ssd300_vgg16(weights=None, weights_backbone=None)
    ssd.load_state_dict(torch.load(folder / "torchvision.pt"))
    heads = RawHeads(ssd.eval()).eval()
    answers = [heads(torch.from_numpy(image[None])) for image in np.load(tensors)]
    for index, values in enumerate(zip(*answers)):
        torch.cat(values).numpy().astype("<f4").tofile(folder / f"answer.{index}.f32")


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--full", type=Path, help="write the full-size network to this folder")
    parser.add_argument("--answer", type=Path, help="prepared pictures for the full-size network")
    given = parser.parse_args()
    torch.manual_seed(6)
    torch.set_num_threads(2)
    if given.answer:
        answer_full(given.full, given.answer)
    elif given.full:
        make_full(given.full)
    else:
        make_fixtures()


if __name__ == "__main__":
    main()
