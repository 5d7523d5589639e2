"""Writes test/fixtures/images and test/fixtures/golden: what other libraries make of our pictures.

    python make_golden.py

presets.json lists the cases; presets.f32 holds their values, one case behind the other, as
little-endian float32. Of each [h,w,3] tensor only the rows and columns start, start + step, ...
are kept, in HWC order. scores.json holds what the bundled model says of each picture.
"""

import json
import os
from pathlib import Path

os.environ["ORT_DISABLE_TELEMETRY"] = "1"

import numpy as np
import onnxruntime as ort

import presets
from presets import Decoded, decode, decode_with_pillow
from variants import write_variants

ROOT = Path(__file__).resolve().parents[2]
FIXTURES = ROOT / "test" / "fixtures"
IMAGES = FIXTURES / "images"
GOLDEN = FIXTURES / "golden"
SAMPLES = ROOT / "samples"
MODEL = ROOT / "scoring-image" / "models" / "efficientnet-lite0" / "model.onnx"
VARIANTS_OF = SAMPLES / "espresso.jpg"

START = 3
# Dense enough to see a shift of a pixel anywhere, or only to see that a setting was obeyed.
FINE, COARSE = 7, 21
# Spread over the classes; the same for every picture.
CHOSEN_LOGITS = list(range(13, 1000, 50))
# Variants that get more than the one case that shows their decoding.
SCORED_VARIANTS = ("baseline-420.jpg", "exif-6.jpg", "grey.jpg", "odd-157x119.jpg", "rgb.png")

# Settings of each case. The mean is per colour (red, green, blue), whatever the order.
REFERENCE = {"preset": "reference", "order": "RGB", "scale": 1.0, "mean": presets.IMAGENET_MEAN}
CASES = {
    "reference": REFERENCE,
    "reference-bgr": {**REFERENCE, "order": "BGR"},
    "reference-0.017": {**REFERENCE, "scale": 0.017},
    "reference-300": {**REFERENCE, "size": 300, "keepAspect": False},
    "bundled": {**REFERENCE, "scale": presets.BUNDLED_SCALE, "mean": presets.BUNDLED_MEAN},
    "torchvision": {"preset": "torchvision"},
    "stretch": {"preset": "stretch"},
}
COMPUTE = {
    "reference": presets.reference,
    "reference-bgr": lambda pixels: presets.reference(pixels, order="BGR"),
    "reference-0.017": lambda pixels: presets.reference(pixels, scale=0.017),
    "reference-300": lambda pixels: presets.reference(pixels, size=300, keep_aspect=False),
    "bundled": presets.bundled,
    "torchvision": presets.torchvision,
    "stretch": presets.stretch,
}


def plan(samples: list[Path], variants: list[Path]) -> list[tuple[Path, str, int]]:
    """(picture, case, step): every case for the samples, the decoding for every variant."""
    planned = []
    for path in samples:
        for name in CASES:
            planned.append((path, name, FINE if name in ("reference", "torchvision") else COARSE))
    for path in variants:
        names = ["reference"]
        if path.name in SCORED_VARIANTS:
            names += ["bundled", "torchvision", "stretch"]
        planned += [(path, name, COARSE) for name in names]
    return planned


def decode_for(path: Path, name: str) -> Decoded:
    """torchvision users decode with Pillow; the reference system decoded with TensorFlow."""
    return decode_with_pillow(path) if name == "torchvision" else decode(path)


def write_presets(planned: list[tuple[Path, str, int]]) -> None:
    """Computes every planned case and writes presets.json and presets.f32."""
    cases, chunks, offset = [], [], 0
    for path, name, step in planned:
        decoded = decode_for(path, name)
        tensor = COMPUTE[name](decoded.pixels)
        kept = np.ascontiguousarray(tensor[START::step, START::step], "<f4")
        cases.append(
            {
                "image": str(path.relative_to(ROOT)),
                "case": name,
                **CASES[name],
                "imageShape": list(decoded.pixels.shape),
                "shape": list(tensor.shape),
                "start": START,
                "step": step,
                "sampledShape": list(kept.shape),
                "offset": offset,
                "count": kept.size,
                "decodedBy": decoded.decoder,
                "resizedBy": presets.PILLOW if name == "torchvision" else presets.TENSORFLOW,
            }
        )
        chunks.append(kept.tobytes())
        offset += kept.size
    lines = ",\n".join("    " + json.dumps(case) for case in cases)
    text = f'{{\n  "values": "presets.f32",\n  "cases": [\n{lines}\n  ]\n}}\n'
    (GOLDEN / "presets.json").write_text(text)
    (GOLDEN / "presets.f32").write_bytes(b"".join(chunks))


def score(session: ort.InferenceSession, path: Path) -> dict:
    """The bundled model's answer for one picture, prepared with TensorFlow."""
    decoded = decode(path)
    batch = presets.bundled(decoded.pixels).transpose(2, 0, 1)[None]
    logits = session.run(["logits"], {"images": np.ascontiguousarray(batch)})[0][0]
    exponentials = np.exp(logits.astype(np.float64) - logits.max())
    probabilities = exponentials / exponentials.sum()
    best = probabilities.argsort()[::-1][:5]
    return {
        "image": str(path.relative_to(ROOT)),
        "decodedBy": decoded.decoder,
        "top5": [[int(index), round(float(probabilities[index]), 7)] for index in best],
        "logits": [round(float(logits[index]), 6) for index in CHOSEN_LOGITS],
    }


def write_scores(pictures: list[Path]) -> None:
    """Runs the bundled model on the pictures and writes scores.json."""
    session = ort.InferenceSession(str(MODEL), providers=["CPUExecutionProvider"])
    scores = [score(session, path) for path in pictures]
    lines = ",\n".join("    " + json.dumps(entry) for entry in scores)
    head = (
        f'  "runBy": "onnxruntime {ort.__version__} (Python)",\n'
        f'  "preparedBy": "{presets.TENSORFLOW}",\n'
        f'  "logitIndices": {json.dumps(CHOSEN_LOGITS)},\n'
    )
    (GOLDEN / "scores.json").write_text(f'{{\n{head}  "scores": [\n{lines}\n  ]\n}}\n')


def main() -> None:
    GOLDEN.mkdir(parents=True, exist_ok=True)
    samples = sorted(SAMPLES.glob("*.jpg"))
    variants = write_variants(VARIANTS_OF, IMAGES)
    planned = plan(samples, variants)
    write_presets(planned)
    scored = samples + [path for path in variants if path.name in SCORED_VARIANTS]
    write_scores(scored)
    print(f"{len(variants)} variants, {len(planned)} preset cases, {len(scored)} scored pictures")


if __name__ == "__main__":
    main()
