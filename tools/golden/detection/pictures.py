"""The picture of the detection fixtures, and its resize by a whole factor."""

from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw

WIDTH, HEIGHT = 900, 600
SHAPES = 40


def draw_shapes(seed: int = 20) -> Image.Image:
    """Rectangles and ellipses of random colours: edges and areas for a network with random weights."""
    random = np.random.default_rng(seed)
    picture = Image.new("RGB", (WIDTH, HEIGHT), (90, 120, 150))
    draw = ImageDraw.Draw(picture)
    for i in range(SHAPES):
        left, top = random.integers(0, [WIDTH - 60, HEIGHT - 60])
        width, height = random.integers(30, 320, 2)
        colour = tuple(int(value) for value in random.integers(0, 256, 3))
        shape = draw.rectangle if i % 2 else draw.ellipse
        shape((int(left), int(top), int(left + width), int(top + height)), fill=colour)
    return picture


def write_shapes(path: Path) -> np.ndarray:
    """Writes the picture as PNG and returns its pixels, uint8 [600,900,3]."""
    path.parent.mkdir(parents=True, exist_ok=True)
    picture = draw_shapes()
    picture.quantize(64).save(path, optimize=True)
    return np.asarray(Image.open(path).convert("RGB"))


def stretch(pixels: np.ndarray, side: int) -> np.ndarray:
    """TensorFlow 1's resize_bilinear to side x side, float32.

    Its source coordinate is target * in / out: where the factor is whole, that is picking pixels.
    """
    rows, columns = pixels.shape[0] // side, pixels.shape[1] // side
    assert (rows * side, columns * side) == pixels.shape[:2]
    return pixels[::rows, ::columns].astype(np.float32)
