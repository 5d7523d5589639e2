"""Recognises how a graph turns a picture into its tensor, by what it does with made pictures.

The graph's own decoding, resizing and scaling run in TensorFlow on pictures of three shapes; what
comes out is compared with what each preset of the scoring server would make of the same pictures.
"""

from dataclasses import dataclass

import numpy as np
import tensorflow as tf

# In units of a pixel's value (0..255): the server's own imaging is held to 0.01 of these presets.
TOLERANCE = 0.02
SHAPES = [(300, 400), (420, 280), (333, 333)]
REFERENCE_MEAN = [123.68, 116.779, 103.939]


@dataclass(frozen=True)
class Preprocessing:
    """The `image` entry of model.json, and how far the graph's own values are from it (of 255)."""

    image: dict
    difference: float


def probe_pictures() -> list[np.ndarray]:
    """Three seeded pictures, uint8 [h,w,3]: colour gradients with noise, so that no two preparations agree."""
    random = np.random.default_rng(7)
    pictures = []
    for height, width in SHAPES:
        rows, columns = np.mgrid[0:height, 0:width]
        waves = [np.sin(rows / 17 + c) + np.cos(columns / (11 + 3 * c)) for c in range(3)]
        smooth = 128 + 45 * np.stack(waves, axis=-1)
        noise = random.normal(0, 18, (height, width, 3))
        pictures.append(np.clip(smooth + noise, 0, 255).astype(np.uint8))
    return pictures


def recognise(prepared: list[np.ndarray]) -> Preprocessing | None:
    """The preset that makes the given tensors of the probe pictures, or None.

    prepared: what the graph made of each probe picture, [1,h,w,3]
    """
    pictures = probe_pictures()
    height, width = prepared[0].shape[1:3]
    best: Preprocessing | None = None
    for entry, resize in _geometries(height, width):
        resized = [resize(picture) for picture in pictures]
        fitted = _fit(resized, prepared)
        if fitted and (best is None or fitted.difference < best.difference):
            best = Preprocessing({**entry, **fitted.image}, fitted.difference)
    if not best or best.difference > TOLERANCE:
        return None
    if best.image["preset"] == "reference" and (best.image["mean"], best.image["scale"]) == (REFERENCE_MEAN, [1.0] * 3):
        short = {key: value for key, value in best.image.items() if key not in ("mean", "scale")}
        return Preprocessing(short, best.difference)
    return best


def _geometries(height: int, width: int):
    def bilinear(picture, h, w):
        return tf.raw_ops.ResizeBilinear(
            images=picture[None].astype(np.float32), size=[h, w], align_corners=False, half_pixel_centers=False
        ).numpy()[0]

    def shorter_side(pixels):
        def resize(picture):
            h, w = picture.shape[:2]
            # float32, as the reference computes it: for some sizes the shorter side is one pixel short.
            scale = np.float32(pixels) / np.float32(min(h, w))
            resized = bilinear(picture, int(np.float32(h) * scale), int(np.float32(w) * scale))
            top, left = (resized.shape[0] - height) // 2, (resized.shape[1] - width) // 2
            return resized[top : top + height, left : left + width]

        return resize

    yield {"preset": "stretch"}, lambda picture: bilinear(picture, height, width)
    for pixels in dict.fromkeys([256, max(height, width), round(max(height, width) * 256 / 224)]):
        if pixels >= max(height, width):
            extra = {} if pixels == 256 else {"shorterSide": pixels}
            yield {"preset": "reference", **extra}, shorter_side(pixels)


def _fit(resized: list[np.ndarray], prepared: list[np.ndarray]) -> Preprocessing | None:
    """Least squares of (value - mean) * scale for each channel, in the order that fits better."""
    if any(r.shape != p[0].shape for r, p in zip(resized, prepared, strict=True)):
        return None
    pixels = np.concatenate([r.reshape(-1, 3) for r in resized]).astype(np.float64)
    values = np.concatenate([p.reshape(-1, 3) for p in prepared]).astype(np.float64)
    fits = []
    for order in ("RGB", "BGR"):
        ordered = values if order == "RGB" else values[:, ::-1]
        scale, mean, worst = np.empty(3), np.empty(3), 0.0
        for c in range(3):
            design = np.stack([pixels[:, c], np.ones(len(pixels))], axis=1)
            (slope, offset), *_ = np.linalg.lstsq(design, ordered[:, c], rcond=None)
            if abs(slope) < 1e-9:
                return None
            scale[c], mean[c] = _tidy(slope), _tidy_mean(-offset / slope)
            worst = max(worst, np.abs((ordered[:, c] / scale[c]) + mean[c] - pixels[:, c]).max())
        image = {"order": order} if order == "BGR" else {}
        fits.append(Preprocessing({**image, "mean": mean.tolist(), "scale": scale.tolist()}, float(worst)))
    return min(fits, key=lambda fit: fit.difference)


def _tidy(slope: float) -> float:
    """The usual scale that a fitted one means, such as 1/255, or the fitted one to seven digits."""
    usual = [1.0, 1 / 255, 1 / 127.5, 1 / 128, 0.017, *(1 / (255 * s) for s in (0.229, 0.224, 0.225))]
    return next((u for u in usual if abs(u - slope) < 1e-5 * u), float(f"{slope:.7g}"))


def _tidy_mean(mean: float) -> float:
    usual = [0.0, 127.5, 127.0, 128.0, *REFERENCE_MEAN, 116.78, 103.94, *(255 * m for m in (0.485, 0.456, 0.406))]
    near = min(usual, key=lambda u: abs(u - mean))
    return near if abs(near - mean) < 5e-4 else float(f"{mean:.7g}")
