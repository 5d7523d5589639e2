"""Makes a model package from a TensorFlow SavedModel or frozen graph.

    python convert.py SOURCE --input T --outputs A,B --name N --package FOLDER

FOLDER gets model.onnx, model.json, conversion.json (what was converted, and how) and labels.txt.
What it prints on standard output is conversion.json with times; progress goes to standard error.
Exit code 3 and one sentence: the source cannot be converted.
"""

import argparse
import json
import os
import shutil
import sys
import time
from pathlib import Path

# TensorFlow and ONNX Runtime read these when they are loaded.
os.environ["TF_CPP_MIN_LOG_LEVEL"] = "3"
os.environ["CUDA_VISIBLE_DEVICES"] = "-1"
os.environ["ORT_DISABLE_TELEMETRY"] = "1"

import onnx
import tensorflow as tf
import tf2onnx

from cut import Decoder, Tensors, begin_at, candidates, is_text, resolve
from errors import Refused
from graph import OPSET, describe, to_onnx
from half import to_float16
from manifest import Labelling, check_labelling, manifest, picture_size
from recognise import probe_pictures, recognise
from source import SIGNATURE, Source, node_of, open_source

REFUSED = 3


def say(text: str) -> None:
    print(text, file=sys.stderr, flush=True)


def behind_decoder(source: Source, tensors: Tensors, stated: dict) -> tuple[object, Tensors, dict, float | None]:
    """The graph begun behind its decoder, its tensors, the `image` entry and how far it is from the graph's own."""
    say("finding what the graph does with a picture")
    names = candidates(source, tensors.input, tensors.outputs)
    decoder = Decoder(source, tensors.input)
    pictures = [tf.io.encode_png(picture).numpy() for picture in probe_pictures()]
    for name in names:
        values = [decoder.run([name], picture)[0] for picture in pictures]
        if values[0].ndim == 4 and len({value.shape for value in values}) == 1 and values[0].shape[3] == 3:
            break
    else:
        raise Refused(
            f'behind the text input "{tensors.input}" no one tensor [N,h,w,3] of fixed size carries the picture; '
            "name the tensor to begin at with --input"
        )
    recognised = recognise(values)
    if not recognised and not stated:
        raise Refused(
            f"how the graph prepares a picture for {name} is none of the server's presets; "
            "name the nearest with --preset, and --mean, --scale, --order (the answers will differ from TensorFlow's)"
        )
    height, width = values[0].shape[1:3]
    begun = begin_at(source.graph_def, name, [None, height, width, 3], tf.as_dtype(values[0].dtype))
    aliases = {**tensors.aliases, name: tensors.aliases[tensors.input]}
    image = stated or recognised.image
    # Flags replace the recognition, so nothing is known about their difference.
    return begun, Tensors(name, tensors.outputs, aliases), image, None if stated else recognised.difference


def convert(source_path: Path, package: Path, given: argparse.Namespace) -> dict:
    """Writes the package and returns what conversion.json says, with times. Raises Refused."""
    began = time.perf_counter()
    outputs = [name.strip() for name in (given.outputs or "").split(",") if name.strip()]
    # A SavedModel may bring its class names along.
    beside = source_path / "labels.txt"
    labels = given.labels or (beside if beside.is_file() else None)
    labelling = Labelling(
        given.name, given.version, given.description, dict(given.tag), labels,
        tuple(kind for kind in (given.kinds or "").split(",") if kind), given.detection, given.precision,
    )  # fmt: skip
    check_labelling(labelling, len(outputs) or len(labelling.kinds))
    if package.exists():
        raise Refused(f"{package} exists already; remove it or name another folder")
    say(f"opening {source_path}")
    source = open_source(source_path, given.signature, outputs)
    tensors = resolve(source, given.input, outputs)
    stated, graph_def, difference = image_entry(given), source.graph_def, None
    decodes = is_text(source, tensors.input)
    if decodes:
        graph_def, tensors, stated, difference = behind_decoder(source, tensors, stated)
    elif not _is_placeholder(source, tensors.input):
        graph_def = begin_inside(source, tensors.input)
    say("converting to ONNX")
    model = to_onnx(graph_def, labelling.name, tensors)
    if given.precision == "float16":
        say("casting to float16")
        model = to_float16(model)
    report = {
        "source": {"kind": source.kind, "signature": given.signature, "decodesPictures": decodes},
        "input": tensors.input,
        "outputs": tensors.outputs,
        "preprocessing": {"image": stated or None, "largestDifferenceOf255": difference},
        "opset": OPSET,
        "tools": {"tensorflow": tf.__version__, "tf2onnx": tf2onnx.__version__, "onnx": onnx.__version__},
    }
    report["servable"] = write_package(package, model, tensors, stated, labelling, report)
    return {**report, "bytes": (package / "model.onnx").stat().st_size, "seconds": round(time.perf_counter() - began, 1)}


def write_package(package: Path, model, tensors: Tensors, image: dict, labelling: Labelling, report: dict) -> bool:
    """Writes the whole folder under another name first. Returns whether the server can serve it."""
    _, shape = describe(model.graph.input[0])
    servable = picture_size(shape) is not None
    if servable and not image:
        raise Refused(
            f"the input {tensors.input} {shape} takes pixels that somebody has prepared: say how with "
            "--preset reference, torchvision or stretch (and --mean, --scale, --order)"
        )
    data = model.SerializeToString(deterministic=True)
    partial = package.with_name(f".{package.name}.partial-{os.getpid()}")
    partial.mkdir(parents=True)
    try:
        (partial / "model.onnx").write_bytes(data)
        (partial / "conversion.json").write_text(json.dumps({**report, "servable": servable}, indent=2) + "\n")
        if servable:
            content = manifest(model, data, tensors.aliases, image, labelling)
            (partial / "model.json").write_text(json.dumps(content, indent=2, ensure_ascii=False) + "\n")
            if any("labels" in entry for entry in [*content["outputs"], content.get("detection", {})]):
                shutil.copyfile(labelling.labels, partial / "labels.txt")
        partial.rename(package)
    except BaseException:
        shutil.rmtree(partial, ignore_errors=True)
        raise
    return servable


def begin_inside(source: Source, tensor: str):
    """The graph begun at a tensor in its middle, as the user asked."""
    graph = tf.Graph()
    with graph.as_default():
        tf.import_graph_def(source.graph_def, name="")
    value = graph.get_tensor_by_name(tensor)
    if value.shape.rank is None:
        raise Refused(f"the shape of {tensor} is unknown, so the graph cannot begin there")
    return begin_at(source.graph_def, tensor, [None, *value.shape.as_list()[1:]], value.dtype)


def _is_placeholder(source: Source, tensor: str) -> bool:
    return any(n.name == node_of(tensor) and n.op == "Placeholder" for n in source.graph_def.node)


def image_entry(given: argparse.Namespace) -> dict:
    """The `image` entry that the flags state; empty when they state none."""
    values = {
        "preset": given.preset, "order": given.order, "mean": given.mean, "scale": given.scale,
        "shorterSide": given.shorter_side,
    }  # fmt: skip
    entry = {key: value for key, value in values.items() if value is not None}
    if entry and not given.preset:
        raise Refused(f"--{next(iter(entry))} needs --preset: it changes what a preset says")
    if given.shorter_side is not None and (given.detection or given.preset == "stretch"):
        why = "--detection" if given.detection else "--preset stretch"
        raise Refused(f"--shorter-side has no meaning with {why}, which takes the whole picture: leave it out")
    # Detectors see the whole picture; what a preset cuts away could not be found.
    if given.detection and given.preset in ("reference", "torchvision"):
        entry["preserveAspectRatio"] = False
    return entry


def numbers(text: str) -> list[float]:
    parts = [float(part) for part in text.split(",")]
    if len(parts) not in (1, 3):
        raise argparse.ArgumentTypeError("one number or three, for red, green and blue")
    return parts * 3 if len(parts) == 1 else parts


def tag(text: str) -> tuple[str, str]:
    key, separator, value = text.partition("=")
    if not key or not separator:
        raise argparse.ArgumentTypeError("must be KEY=VALUE")
    return key, value


def arguments() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("source", type=Path)
    parser.add_argument("--package", type=Path, required=True, help="folder to make")
    parser.add_argument("--input", help="signature name or tensor of the input")
    parser.add_argument("--outputs", help="signature names or tensors, separated by commas")
    parser.add_argument("--signature", default=SIGNATURE)
    parser.add_argument("--name")
    parser.add_argument("--version", default="1")
    parser.add_argument("--description", default="")
    parser.add_argument("--tag", type=tag, action="append", default=[], help="KEY=VALUE, several times")
    parser.add_argument("--labels", type=Path, help="file with one class name a line")
    parser.add_argument("--kinds", help="kind of each output, separated by commas")
    parser.add_argument("--detection", choices=["reference", "torchvision"], help="the outputs are raw heads of an SSD")
    parser.add_argument("--preset", choices=["reference", "torchvision", "stretch"])
    parser.add_argument("--order", choices=["RGB", "BGR"])
    parser.add_argument("--mean", type=numbers)
    parser.add_argument("--scale", type=numbers)
    parser.add_argument("--shorter-side", type=int)
    parser.add_argument("--precision", choices=["float32", "float16"], default="float32", help="what the model computes in")
    parser.add_argument("--recipe", help="the options above as JSON; what is on the command line counts more")
    return parser


def read_arguments(words: list[str]) -> argparse.Namespace:
    """The command line, with a recipe's entries put before it."""
    parser = arguments()
    given = parser.parse_args(words)
    if given.recipe:
        recipe = json.loads(given.recipe)
        listed = [(key, item) for key, value in recipe.items() for item in (value if isinstance(value, list) else [value])]
        given = parser.parse_args([*(f"--{key}={value}" for key, value in listed), *words])
    if not given.name:
        parser.error("--name is missing")
    return given


def main() -> int:
    given = read_arguments(sys.argv[1:])
    try:
        print(json.dumps(convert(given.source, given.package, given)))
    except Refused as error:
        say(f"refused: {error}")
        return REFUSED
    return 0


if __name__ == "__main__":
    sys.exit(main())
