"""Writes test/fixtures/encodings: one small picture in encodings that are rarely met.

    python make_encodings.py

All but the JPEGs with a profile hold exactly the pixels of rgb.png or grey.png, seen upright.
"""

import io
import struct
import zlib
from pathlib import Path

import imagecodecs
import numpy as np
from PIL import Image, ImageCms, ImageOps

from variants import ORIENTATION_TAG, STORED_AS

ROOT = Path(__file__).resolve().parents[2]
SOURCE = ROOT / "samples" / "espresso.jpg"
TARGET = ROOT / "test" / "fixtures" / "encodings"
# Longer than high, so that a turned picture shows.
SIZE = (24, 16)
IEND_BYTES = 12


def chunk(kind: bytes, content: bytes) -> bytes:
    check = struct.pack(">I", zlib.crc32(kind + content))
    return struct.pack(">I", len(content)) + kind + content + check


def write_turned(upright: Image.Image) -> None:
    """The eight orientations in an eXIf chunk: the first as little-endian, the last behind the picture data."""
    for orientation, operation in STORED_AS.items():
        stored = upright.transpose(operation) if operation is not None else upright
        file = io.BytesIO()
        stored.save(file, "PNG")
        exif = Image.Exif()
        exif.endian = "<" if orientation % 2 else ">"
        exif[ORIENTATION_TAG] = orientation
        # Pillow puts JPEG's signature in front of the block, the PNG specification does not.
        block = exif.tobytes().removeprefix(b"Exif\0\0")
        png = file.getvalue()
        at = len(png) - IEND_BYTES if orientation == 8 else 33
        path = TARGET / f"exif-{orientation}.png"
        path.write_bytes(png[:at] + chunk(b"eXIf", block) + png[at:])
        with Image.open(path) as opened:
            seen = ImageOps.exif_transpose(opened).convert("RGB")
        assert seen.tobytes() == upright.tobytes(), orientation


def segments_of(jpeg: bytes) -> tuple[list[bytes], bytes]:
    """The segments in front of the first scan, and the rest."""
    segments, at = [], 2
    while jpeg[at + 1] != 0xDA:
        length = 2 + struct.unpack_from(">H", jpeg, at + 2)[0]
        segments.append(jpeg[at : at + length])
        at += length
    return segments, jpeg[at:]


def write_profiles(upright: Image.Image) -> None:
    """The same JPEG with its ICC profile behind the frame header, and there once more."""
    profile = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    plain, profiled = io.BytesIO(), io.BytesIO()
    upright.save(plain, "JPEG", quality=90)
    upright.save(profiled, "JPEG", quality=90, icc_profile=profile)
    (TARGET / "no-profile.jpg").write_bytes(plain.getvalue())
    segments, rest = segments_of(profiled.getvalue())
    icc = b"".join(s for s in segments if s[1] == 0xE2)
    others = [s for s in segments if s[1] != 0xE2]
    frame = next(i for i, s in enumerate(others) if s[1] == 0xC0)
    head, tail = b"".join(others[: frame + 1]), b"".join(others[frame + 1 :])
    (TARGET / "profile-behind-frame.jpg").write_bytes(b"\xff\xd8" + head + icc + tail + rest)
    (TARGET / "profile-twice.jpg").write_bytes(b"\xff\xd8" + icc + head + icc + tail + rest)


def main() -> None:
    TARGET.mkdir(parents=True, exist_ok=True)
    with Image.open(SOURCE) as opened:
        upright = opened.convert("RGB").resize(SIZE, Image.Resampling.LANCZOS)
    grey = upright.convert("L")
    upright.save(TARGET / "rgb.png")
    grey.save(TARGET / "grey.png")
    colours, luma = np.asarray(upright), np.asarray(grey)
    for name, encoded in {
        "lossless-rgb.jpg": imagecodecs.jpeg8_encode(colours, lossless=True),
        "lossless-grey.jpg": imagecodecs.jpeg8_encode(luma, lossless=True),
        "lossless-grey-ljpeg.jpg": imagecodecs.ljpeg_encode(luma),
        "jpeg-ls.jpg": imagecodecs.jpegls_encode(luma),
    }.items():
        (TARGET / name).write_bytes(encoded)
    write_turned(upright)
    write_profiles(upright)


main()
