"""Reads folders of photographs and prepares them as the bundled model wants its input."""

import json
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from PIL import Image, ImageOps

SUFFIXES = {".jpg", ".jpeg", ".png"}
# Two pictures whose 16x16 grey thumbnails correlate more than this count as one scene.
SAME_SCENE = 0.95


@dataclass(frozen=True)
class Photograph:
    """An upright RGB picture (uint8 [h,w,3]) and the ImageNet indices that are right for it."""

    path: Path
    pixels: np.ndarray
    accepted: tuple[int, ...]


def _accepted(entry: dict) -> tuple[int, ...]:
    # Indices may be plain numbers or carry the class name behind them ("285 Egyptian cat").
    listed = entry.get("accepted") or entry.get("acceptedImagenet1000") or []
    return tuple(int(str(item).split()[0]) for item in listed)


def read_folder(folder: Path) -> list[Photograph]:
    """Every photograph in `folder` that decodes, with the labels of its expected.json if any.

    Files that expected.json says no strict decoder accepts are left out, as are pictures under
    64 pixels: neither shows a scene.
    """
    listing = folder / "expected.json"
    expected = json.loads(listing.read_text()) if listing.exists() else {}
    photographs = []
    for path in sorted(p for p in folder.iterdir() if p.suffix.lower() in SUFFIXES):
        entry = expected.get(path.name, {})
        if entry.get("strictDecode", "ok") != "ok":
            continue
        with Image.open(path) as image:
            upright = ImageOps.exif_transpose(image).convert("RGB")
        if min(upright.size) >= 64:
            photographs.append(Photograph(path, np.asarray(upright), _accepted(entry)))
    return photographs


def count_scenes(photographs: list[Photograph]) -> int:
    """How many different scenes they show: variants of one picture count once."""
    scenes: list[np.ndarray] = []
    for photograph in photographs:
        grey = Image.fromarray(photograph.pixels).convert("L")
        small = grey.resize((16, 16), Image.Resampling.BOX)
        thumbnail = np.asarray(small, np.float64).ravel()
        thumbnail = thumbnail - thumbnail.mean()
        thumbnail /= max(np.linalg.norm(thumbnail), 1e-9)
        if all(thumbnail @ other < SAME_SCENE for other in scenes):
            scenes.append(thumbnail)
    return len(scenes)


def _legacy_bilinear(pixels: np.ndarray, height: int, width: int) -> np.ndarray:
    """TensorFlow 1's default bilinear: source = index * input / output, no half-pixel centres."""

    def taps(inputs: int, outputs: int):
        ratio = np.float32(inputs) / np.float32(outputs)
        source = np.arange(outputs, dtype=np.float32) * ratio
        low = np.floor(source).astype(int)
        return low, np.minimum(low + 1, inputs - 1), (source - low).astype(np.float32)

    top, bottom, down = taps(pixels.shape[0], height)
    left, right, across = taps(pixels.shape[1], width)
    values, across, down = pixels.astype(np.float32), across[None, :, None], down[:, None, None]
    upper, lower = values[top], values[bottom]
    upper = upper[:, left] + (upper[:, right] - upper[:, left]) * across
    lower = lower[:, left] + (lower[:, right] - lower[:, left]) * across
    return upper + (lower - upper) * down


def prepare(pixels: np.ndarray) -> np.ndarray:
    """The model's input for one picture: float32 [3,224,224], (pixel - 127) / 128."""
    height, width = pixels.shape[:2]
    # In float32, as the reference preprocessing has it: for some sizes the shorter side is 255.
    scale = np.float32(256) / np.float32(min(height, width))
    sides = (int(np.float32(side) * scale) for side in (height, width))
    resized = _legacy_bilinear(pixels, *sides)
    top, left = (resized.shape[0] - 224) // 2, (resized.shape[1] - 224) // 2
    crop = resized[top : top + 224, left : left + 224]
    return np.ascontiguousarray(((crop - 127) / 128).transpose(2, 0, 1), np.float32)


def random_view(pixels: np.ndarray, random: np.random.Generator) -> np.ndarray:
    """A crop of 30 % to 100 % of each side, flipped half of the time, 0.6 to 1.4 as bright."""
    height, width = pixels.shape[:2]
    side = random.uniform(0.3, 1.0, size=2)
    rows, columns = max(int(height * side[0]), 32), max(int(width * side[1]), 32)
    top, left = random.integers(height - rows + 1), random.integers(width - columns + 1)
    view = pixels[top : top + rows, left : left + columns]
    if random.random() < 0.5:
        view = view[:, ::-1]
    brightness = random.uniform(0.6, 1.4)
    return np.clip(view.astype(np.float32) * brightness, 0, 255).astype(np.uint8)
