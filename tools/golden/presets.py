"""The image presets, by libraries that are not ours: TensorFlow, and Pillow with numpy.

Nothing here shares code with the scoring server; that is the point of it.
"""

import os
from dataclasses import dataclass
from pathlib import Path

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

import numpy as np
import PIL
import tensorflow as tf
from PIL import Image, ImageOps

PILLOW = f"Pillow {PIL.__version__}"
TENSORFLOW = f"TensorFlow {tf.__version__}"
NUMPY = f"numpy {np.__version__}"

IMAGENET_MEAN = (123.68, 116.779, 103.939)
BUNDLED_MEAN = (127.0, 127.0, 127.0)
BUNDLED_SCALE = 1 / 128


@dataclass(frozen=True)
class Decoded:
    """Upright RGB pixels, uint8 [h,w,3], and the library that decoded them."""

    pixels: np.ndarray
    decoder: str


def decode_with_pillow(path: Path) -> Decoded:
    """Pillow, with the EXIF orientation applied; CMYK by its plain conversion, no ICC profile."""
    with Image.open(path) as image:
        upright = ImageOps.exif_transpose(image).convert("RGB")
    return Decoded(np.asarray(upright), PILLOW)


def decode(path: Path) -> Decoded:
    """TensorFlow where its decoder means the upright RGB picture, Pillow elsewhere.

    TensorFlow ignores the EXIF orientation, does not read WebP in the same op and converts CMYK
    in its own way. Its default for JPEG, which the reference system used, is the fast inverse DCT:
    1 of 255 off the accurate one on average, 7 at most, measured on the samples.
    """
    suffix = path.suffix.lower()
    if path.stem.startswith(("exif", "cmyk")) or suffix in (".gif", ".webp"):
        return decode_with_pillow(path)
    data = path.read_bytes()
    if suffix == ".png":
        return Decoded(tf.io.decode_png(data, channels=3).numpy(), TENSORFLOW)
    return Decoded(tf.io.decode_jpeg(data, channels=3).numpy(), f"{TENSORFLOW}, fast DCT")


def _tensorflow_bilinear(pixels: np.ndarray, height: int, width: int) -> np.ndarray:
    batch = tf.constant(pixels[None].astype(np.float32))
    resized = tf.compat.v1.image.resize_bilinear(batch, [height, width], align_corners=False)
    return resized[0].numpy()


def reference(
    pixels: np.ndarray,
    order: str = "RGB",
    scale: float = 1.0,
    mean: tuple[float, float, float] = IMAGENET_MEAN,
    size: int = 224,
    keep_aspect: bool = True,
) -> np.ndarray:
    """float32 [size,size,3] as the reference system's own client library prepares a picture."""
    if keep_aspect:
        # float32 throughout, as TensorFlow computes it: for some sizes 256 becomes 255.
        height, width = (np.float32(side) for side in pixels.shape[:2])
        factor = np.float32(256) / min(height, width)
        resized = _tensorflow_bilinear(pixels, int(height * factor), int(width * factor))
        top, left = ((side - size) // 2 for side in resized.shape[:2])
        picture = resized[top : top + size, left : left + size]
    else:
        picture = _tensorflow_bilinear(pixels, size, size)
    picture = picture - np.array(mean, np.float32)
    if order == "BGR":
        picture = picture[:, :, ::-1]
    return picture * np.float32(scale)


def torchvision(pixels: np.ndarray) -> np.ndarray:
    """float32 [224,224,3]: torchvision's Resize(256), CenterCrop(224), ToTensor, Normalize.

    Given in HWC order; torchvision's own tensor is CHW.
    """
    image = Image.fromarray(pixels)
    width, height = image.size
    longer = int(256 * max(width, height) / min(width, height))
    target = (256, longer) if width <= height else (longer, 256)
    resized = np.asarray(image.resize(target, Image.Resampling.BILINEAR))
    # round() takes halves to the even number, which torchvision's crop inherits from Python.
    top, left = (int(round((side - 224) / 2.0)) for side in resized.shape[:2])
    picture = resized[top : top + 224, left : left + 224].astype(np.float32) / np.float32(255)
    mean = np.array((0.485, 0.456, 0.406), np.float32)
    deviation = np.array((0.229, 0.224, 0.225), np.float32)
    return (picture - mean) / deviation


def stretch(pixels: np.ndarray) -> np.ndarray:
    """float32 [224,224,3]: straight to 224x224, -1..1."""
    picture = _tensorflow_bilinear(pixels, 224, 224)
    return picture / np.float32(127.5) - np.float32(1)


def bundled(pixels: np.ndarray) -> np.ndarray:
    """float32 [224,224,3] as the bundled model wants it."""
    return reference(pixels, mean=BUNDLED_MEAN, scale=BUNDLED_SCALE)
