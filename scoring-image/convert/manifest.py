"""The model package's model.json (its meaning: scoring-image/src/model/schema.ts)."""

import hashlib
import re
from dataclasses import dataclass, field
from pathlib import Path

import onnx

from errors import Refused
from graph import describe

NAME = re.compile(r"[a-z]([-a-z0-9]{0,61}[a-z0-9])?")
KINDS = ("probabilities", "logits", "features", "detections")
DTYPES = ("float32", "float64", "int32", "int64", "uint8", "int8", "bool")
# What may stand between a softmax and the output that it fills.
TRANSPARENT = {"Identity", "Reshape", "Squeeze", "Unsqueeze", "Flatten", "Cast", "Transpose"}


@dataclass(frozen=True)
class Labelling:
    """What the user says about the package."""

    name: str
    version: str = "1"
    description: str = ""
    tags: dict[str, str] = field(default_factory=dict)
    labels: Path | None = None
    kinds: tuple[str, ...] = ()
    # Preset of the section `detection`: then all outputs are raw heads of a detector.
    detection: str | None = None
    precision: str = "float32"


def check_labelling(labelling: Labelling, outputs: int) -> None:
    """Raises Refused naming the argument that the server would refuse."""
    if not NAME.fullmatch(labelling.name):
        raise Refused(f'--name is "{labelling.name}": it must be lower-case letters, digits and hyphens, at most 63')
    if not re.fullmatch(r"[1-9][0-9]*", labelling.version):
        raise Refused(f'--version is "{labelling.version}": it must be a whole number such as 1')
    if labelling.detection and labelling.kinds:
        raise Refused("--kinds and --detection exclude each other: a detector's outputs are all detections")
    wrong = [kind for kind in labelling.kinds if kind not in KINDS]
    if wrong:
        raise Refused(f'--kinds has "{wrong[0]}": each must be one of {", ".join(KINDS)}')
    if labelling.kinds and len(labelling.kinds) != outputs:
        raise Refused(f"--kinds has {len(labelling.kinds)} entries for {outputs} outputs")
    if labelling.labels and not labelling.labels.is_file():
        raise Refused(f"--labels names {labelling.labels}, which does not exist")


def picture_size(shape: list[int | str]) -> tuple[int, int] | None:
    """Height and width where a shape is [N,3,h,w] or [N,h,w,3] with both fixed."""
    if len(shape) != 4:
        return None
    if shape[1] == 3 and isinstance(shape[2], int) and isinstance(shape[3], int):
        return shape[2], shape[3]
    if shape[3] == 3 and isinstance(shape[1], int) and isinstance(shape[2], int):
        return shape[1], shape[2]
    return None


def manifest(model: onnx.ModelProto, data: bytes, aliases: dict[str, list[str]], image: dict, labelling: Labelling) -> dict:
    """The content of model.json for these bytes of model.onnx.

    aliases: tensor -> further names of it. image: how a picture becomes the input.
    """
    (given,) = model.graph.input
    dtype, shape = describe(given)
    outputs = []
    taken: set[str] = set()
    for index, output in enumerate(model.graph.output):
        kind = labelling.kinds[index] if labelling.kinds else "detections" if labelling.detection else _kind(model, output)
        outputs.append(_output(output, kind, _aliases(output.name, aliases, taken), labelling))
    return {
        "schemaVersion": 1,
        "name": labelling.name,
        "version": labelling.version,
        "description": labelling.description,
        "tags": labelling.tags,
        "files": _hashes(data, labelling, outputs),
        **({"precision": "float16"} if labelling.precision == "float16" else {}),
        "inputs": [
            {
                "name": given.name,
                "aliases": _aliases(given.name, aliases, set()),
                "dtype": dtype,
                "shape": shape,
                "image": image,
            }
        ],
        "outputs": outputs,
        **({"detection": _detection(outputs, labelling)} if labelling.detection else {}),
    }


def _hashes(data: bytes, labelling: Labelling, outputs: list[dict]) -> dict[str, str]:
    """SHA-256 of the package's files, by their names in it."""
    files = {"model.onnx": data}
    if labelling.labels and (labelling.detection or any("labels" in output for output in outputs)):
        files["labels.txt"] = labelling.labels.read_bytes()
    return {name: hashlib.sha256(content).hexdigest() for name, content in files.items()}


def _detection(outputs: list[dict], labelling: Labelling) -> dict:
    """The section `detection`: heads of four values are boxes, the others scores, both in the order of the outputs."""
    boxes = [output["name"] for output in outputs if output["shape"][-1] == 4]
    scores = {output["name"]: output["shape"][-1] for output in outputs if output["shape"][-1] != 4}
    classes = set(scores.values())
    if not boxes or len(boxes) != len(scores) or len(classes) != 1:
        raise Refused(
            f"--detection needs as many outputs of boxes [...,4] as of scores [...,classes], but the last dimensions are "
            f"{', '.join(str(output['shape'][-1]) for output in outputs)}; name the heads with --outputs"
        )
    section = {"preset": labelling.detection, "boxes": boxes, "scores": list(scores)}
    if labelling.labels:
        _check_labels(labelling.labels, classes.pop(), next(iter(scores)))
        section["labels"] = "labels.txt"
    return section


def _check_labels(labels: Path, classes: int | str, output: str) -> None:
    lines = labels.read_text(encoding="utf-8").rstrip().split("\n")
    if len(lines) != classes:
        raise Refused(f"{labels} has {len(lines)} lines, but {output} has {classes} classes")


def _aliases(tensor: str, aliases: dict[str, list[str]], taken: set[str]) -> list[str]:
    found = [name for name in aliases.get(tensor, []) if name != tensor and name not in taken]
    taken.update(found)
    return found


def _output(output: onnx.ValueInfoProto, kind: str, aliases: list[str], labelling: Labelling) -> dict:
    dtype, shape = describe(output)
    if dtype not in DTYPES:
        raise Refused(f"the output {output.name} is {dtype}; the server takes {', '.join(DTYPES)}")
    entry = {"name": output.name, "aliases": aliases, "dtype": dtype, "shape": shape, "kind": kind}
    if labelling.labels and kind in ("probabilities", "logits"):
        _check_labels(labelling.labels, shape[-1], output.name)
        entry["labels"] = "labels.txt"
    return entry


def _kind(model: onnx.ModelProto, output: onnx.ValueInfoProto) -> str:
    """A softmax makes probabilities, a matrix product of rank 2 logits, everything else features."""
    makers = {name: node for node in model.graph.node for name in node.output}
    node = makers.get(output.name)
    while node is not None and node.op_type in TRANSPARENT:
        node = makers.get(node.input[0])
    dtype, shape = describe(output)
    if node is not None and node.op_type == "Softmax":
        return "probabilities"
    if node is not None and node.op_type == "Add":
        node = next((makers[name] for name in node.input if name in makers), node)
    is_product = node is not None and node.op_type in ("MatMul", "Gemm")
    return "logits" if is_product and dtype == "float32" and len(shape) == 2 else "features"
