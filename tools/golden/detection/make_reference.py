"""Golden values of the reference system's SSD-VGG: twelve raw heads from TensorFlow, decoded by NumPy and TensorFlow.

    python make_reference.py                 # test/fixtures/detection/reference*
    python make_reference.py --full FOLDER   # all channels: some 100 MB
    python make_reference.py --full FOLDER --answer TENSORS.npy   # afterwards: its heads for these

Run make_torchvision.py first: both use the same picture.
"""

import argparse
import hashlib
import json
from pathlib import Path

import numpy as np
import tensorflow as tf
import tf2onnx
from pictures import stretch, write_shapes
from ssd_vgg import BOXES, CLASSES, INPUT, LOGITS, SIDE, run, spread_network

FIXTURES = Path(__file__).resolve().parents[3] / "test" / "fixtures" / "detection"
MEAN = np.array([123.68, 116.779, 103.939], np.float32)
STEPS = [8, 16, 32, 64, 100, 300]
SIZES = [(21, 45), (45, 99), (99, 153), (153, 207), (207, 261), (261, 315)]
FEW, MANY = [2, 0.5], [2, 0.5, 3, 1 / 3]
RATIOS = [FEW, MANY, MANY, MANY, FEW, FEW]
SCORE_THRESHOLD, IOU_THRESHOLD, TOP_K = 0.5, 0.45, 400
LOGIT_DEVIATION, OFFSET_DEVIATION = 1.2, 1.0
OPSET = 17


def anchors_of(grid: tuple[int, int], step: int, sizes: tuple[int, int], ratios: list[float]):
    """Centres [h,w,1] and sides [anchors] as fractions of the input."""
    y, x = np.mgrid[0 : grid[0], 0 : grid[1]]
    y, x = ((v[..., None] + 0.5) * step / SIDE for v in (y, x))
    heights = [sizes[0] / SIDE, np.sqrt(sizes[0] * sizes[1]) / SIDE]
    widths = list(heights)
    for ratio in ratios:
        heights.append(sizes[0] / SIDE / np.sqrt(ratio))
        widths.append(sizes[0] / SIDE * np.sqrt(ratio))
    return y, x, np.array(heights), np.array(widths)


def decode(outputs: dict[str, np.ndarray]) -> tuple[np.ndarray, np.ndarray]:
    """Boxes [anchors,4] (top, left, bottom, right as fractions, cut to the picture) and scores [anchors,21]."""
    boxes, scores = [], []
    layers = zip(LOGITS, BOXES, STEPS, SIZES, RATIOS)
    for logits_name, boxes_name, step, sizes, ratios in layers:
        offsets = outputs[boxes_name][0].astype(np.float64)
        y, x, heights, widths = anchors_of(offsets.shape[:2], step, sizes, ratios)
        cx = offsets[..., 0] * widths * 0.1 + x
        cy = offsets[..., 1] * heights * 0.1 + y
        w = widths * np.exp(offsets[..., 2] * 0.2)
        h = heights * np.exp(offsets[..., 3] * 0.2)
        corners = np.stack([cy - h / 2, cx - w / 2, cy + h / 2, cx + w / 2], axis=-1)
        boxes.append(np.clip(corners, 0, 1).reshape(-1, 4))
        scores.append(tf.nn.softmax(outputs[logits_name][0]).numpy().reshape(-1, CLASSES))
    return np.concatenate(boxes), np.concatenate(scores)


def select(boxes: np.ndarray, scores: np.ndarray) -> list[tuple[int, float, np.ndarray]]:
    """Threshold, best 400, non-maximum suppression by class, best first: class, score, box."""
    rows, classes = np.nonzero(scores[:, 1:] > SCORE_THRESHOLD)
    classes += 1
    values = scores[rows, classes]
    order = np.argsort(-values, kind="stable")[:TOP_K]
    rows, classes, values = rows[order], classes[order], values[order]
    kept = []
    for index in np.unique(classes):
        of_class = np.nonzero(classes == index)[0]
        keep = tf.image.non_max_suppression(
            boxes[rows[of_class]].astype(np.float32), values[of_class], TOP_K, IOU_THRESHOLD
        )
        kept.extend(of_class[keep.numpy()])
    return [(int(classes[i]), float(values[i]), boxes[rows[i]]) for i in sorted(kept)]


def manifest(path: Path, outputs: dict[str, np.ndarray]) -> dict:
    names = LOGITS + BOXES
    return {
        "schemaVersion": 1,
        "name": "ssd-vgg",
        "version": "1",
        "files": {"model.onnx": hashlib.sha256(path.read_bytes()).hexdigest()},
        "inputs": [
            {
                "name": INPUT,
                "dtype": "float32",
                "shape": ["N", SIDE, SIDE, 3],
                "image": {"preset": "reference", "preserveAspectRatio": False},
            }
        ],
        "outputs": [
            {
                "name": name,
                "aliases": [f"out_{i}"],
                "dtype": "float32",
                "shape": ["N", *outputs[name].shape[1:]],
                "kind": "detections",
            }
            for i, name in enumerate(names)
        ],
        "detection": {"preset": "reference", "boxes": BOXES, "scores": LOGITS},
    }


def make(width: int, least: int, folder: Path, picture: np.ndarray):
    image = (stretch(picture, SIDE) - MEAN)[None]
    graph_def, outputs = spread_network(width, least, image, LOGIT_DEVIATION, OFFSET_DEVIATION)
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / "model.onnx"
    tf2onnx.convert.from_graph_def(
        graph_def, input_names=[INPUT], output_names=LOGITS + BOXES, opset=OPSET, output_path=str(path)
    )
    height, width = picture.shape[:2]
    found = [
        {
            "index": index,
            "score": score,
            "box": [box[1] * width, box[0] * height, box[3] * width, box[2] * height],
        }
        for index, score, box in select(*decode(outputs))
    ]
    print(f"reference: {len(found)} detections, {path.stat().st_size} bytes")
    (folder / "model.json").write_text(json.dumps(manifest(path, outputs), indent=1) + "\n")
    return found, graph_def


def answer_full(folder: Path, tensors: Path) -> None:
    """One file for each head, float32 in the order of the tensors."""
    graph_def = tf.compat.v1.GraphDef.FromString((folder / "reference.pb").read_bytes())
    answers = [list(run(graph_def, image[None]).values()) for image in np.load(tensors)]
    for index, values in enumerate(zip(*answers)):
        np.concatenate(values).astype("<f4").tofile(folder / f"answer.{index}.f32")


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--full", type=Path, help="write the full-size network to this folder")
    parser.add_argument("--answer", type=Path, help="prepared pictures for the full-size network")
    given = parser.parse_args()
    if given.answer:
        answer_full(given.full, given.answer)
        return
    width, least, folder = (1, 1, given.full) if given.full else (512, 3, FIXTURES)
    found, graph_def = make(width, least, folder / "reference", write_shapes(folder / "shapes.png"))
    lines = ",\n".join(json.dumps(row) for row in found)
    (folder / "reference.json").write_text(f"[\n{lines}\n]\n")
    if given.full:
        (folder / "reference.pb").write_bytes(graph_def.SerializeToString())


if __name__ == "__main__":
    main()
