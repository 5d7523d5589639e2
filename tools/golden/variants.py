"""Writes small variants of one sample photograph: one file for each kind of encoding."""

from pathlib import Path

import numpy as np
from PIL import Image

# Centre of the source photograph, cut to 4:3 before it is scaled.
JPEG_SIZE = (160, 120)
# PNG stores these pixels almost uncompressed, so they are smaller. The turned JPEGs share this
# size because it is a multiple of 8: JPEG's blocks then lie the same way in each of them.
SMALL_SIZE = (96, 72)
ODD_SIZE = (157, 119)
ORIENTATION_TAG = 0x0112
FLAT_TABLES = [[10] * 64, [10] * 64]
# What has to be done to an upright picture so that a viewer, obeying the tag, shows it upright.
STORED_AS = {
    1: None,
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_90,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_270,
}


def _scaled(source: Image.Image, size: tuple[int, int]) -> Image.Image:
    width, height = source.size
    cut = min(width, height * 4 // 3)
    left = (width - cut) // 2
    box = (left, 0, left + cut, height)
    return source.resize(size, Image.Resampling.LANCZOS, box=box)


def _with_black(image: Image.Image) -> Image.Image:
    """CMYK with half of the grey in the black plate; PIL's own conversion leaves it empty."""
    paint = 255 - np.asarray(image).astype(np.float64)
    black = paint.min(axis=2, keepdims=True) / 2
    colours = (paint - black) / (255 - black) * 255
    plates = np.concatenate([colours, black], axis=2)
    return Image.fromarray(np.rint(plates).astype(np.uint8), "CMYK")


def _grey_16_bit(image: Image.Image) -> Image.Image:
    """Luma in 16 bits whose low bytes are not copies of the high ones."""
    luma = np.asarray(image).astype(np.float64) @ (0.299, 0.587, 0.114)
    return Image.fromarray(np.rint(luma / 255 * 65535).astype(np.uint16))


def _with_alpha(image: Image.Image) -> Image.Image:
    """Opacity falls from left to right; a decoder to RGB has to drop it, not to blend."""
    ramp = np.linspace(255, 0, image.width).astype(np.uint8)
    alpha = Image.fromarray(np.tile(ramp, (image.height, 1)))
    result = image.copy()
    result.putalpha(alpha)
    return result


def write_variants(source: Path, output: Path) -> list[Path]:
    """Writes every variant to `output` and returns their paths, sorted."""
    output.mkdir(parents=True, exist_ok=True)
    with Image.open(source) as opened:
        photograph = opened.convert("RGB")
    middle, small = _scaled(photograph, JPEG_SIZE), _scaled(photograph, SMALL_SIZE)

    def jpeg(name: str, image: Image.Image, **options):
        image.save(output / name, "JPEG", quality=85, **options)

    jpeg("baseline-420.jpg", middle, subsampling="4:2:0")
    jpeg("baseline-444.jpg", middle, subsampling="4:4:4")
    jpeg("progressive.jpg", middle, subsampling="4:2:0", progressive=True)
    jpeg("grey.jpg", middle.convert("L"))
    jpeg("cmyk.jpg", _with_black(small))
    jpeg("odd-157x119.jpg", _scaled(photograph, ODD_SIZE), subsampling="4:2:0")
    for orientation, operation in STORED_AS.items():
        stored = small.transpose(operation) if operation is not None else small
        exif = Image.Exif()
        exif[ORIENTATION_TAG] = orientation
        # 4:4:4 and a flat table, which is the same when turned, so that the pictures stay equal.
        options = {"subsampling": "4:4:4", "qtables": FLAT_TABLES}
        stored.save(output / f"exif-{orientation}.jpg", "JPEG", exif=exif, **options)

    small.save(output / "rgb.png")
    _with_alpha(small).save(output / "rgba.png")
    small.quantize(64).save(output / "palette.png")
    _grey_16_bit(small).save(output / "grey-16.png")
    small.quantize(128).save(output / "picture.gif")
    middle.save(output / "picture.webp", quality=85)
    return sorted(path for path in output.iterdir() if path.is_file())
