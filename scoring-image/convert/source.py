"""Opens a SavedModel (TensorFlow 1 or 2) or a frozen graph as one graph without variables."""

from dataclasses import dataclass, field
from pathlib import Path

import tensorflow as tf
from google.protobuf.message import DecodeError
from tensorflow.python.framework.convert_to_constants import convert_variables_to_constants_v2
from tensorflow.python.saved_model import loader_impl

from errors import Refused
from operators import refuse_state

tf.get_logger().setLevel("ERROR")

SERVE = "serve"
SIGNATURE = "serving_default"


@dataclass(frozen=True)
class Source:
    """A graph whose variables are constants, and the names that its signature gives to tensors."""

    kind: str
    graph_def: tf.compat.v1.GraphDef
    # Signature name -> tensor name, such as images -> Placeholder:0; empty for frozen graphs.
    inputs: dict[str, str] = field(default_factory=dict)
    outputs: dict[str, str] = field(default_factory=dict)


def open_source(path: Path, signature: str = SIGNATURE, outputs: list[str] | None = None) -> Source:
    """Opens what `path` names.

    outputs: names that must survive freezing beside the signature's, as the user wrote them.
    Raises Refused.
    """
    if path.is_dir():
        return _open_saved_model(path, signature, outputs or [])
    if not path.exists():
        raise Refused(f"{path} does not exist")
    return _open_frozen_graph(path)


def node_of(tensor: str) -> str:
    """The node that makes a tensor: Softmax:0 -> Softmax."""
    return tensor.split(":")[0].lstrip("^")


def _open_saved_model(folder: Path, signature: str, outputs: list[str]) -> Source:
    if not (folder / "saved_model.pb").exists() and not (folder / "saved_model.pbtxt").exists():
        versions = sorted(p.parent.name for p in folder.glob("*/saved_model.pb"))
        hint = f"; name one of its versions, such as {folder / versions[-1]}" if versions else ""
        raise Refused(f"{folder} is no SavedModel: it has no saved_model.pb{hint}")
    try:
        meta_graphs = loader_impl.parse_saved_model(str(folder)).meta_graphs
    except (DecodeError, OSError) as error:
        raise Refused(f"{folder}/saved_model.pb cannot be read: {error}") from error
    meta_graph = next((m for m in meta_graphs if SERVE in m.meta_info_def.tags), None)
    if meta_graph is None:
        tags = [sorted(m.meta_info_def.tags) for m in meta_graphs]
        raise Refused(f'{folder} has no graph tagged "{SERVE}", only {tags}')
    _check_signature(folder, meta_graph, signature)
    is_tf2 = meta_graph.HasField("object_graph_def") and meta_graph.object_graph_def.nodes
    try:
        if is_tf2:
            return _freeze_tf2(folder, signature)
        return _freeze_tf1(folder, meta_graph, signature, outputs)
    except (tf.errors.OpError, OSError, RuntimeError) as error:
        raise Refused(
            f"{folder}/variables cannot be read: a file is missing, cut short or damaged. Copy the whole SavedModel again"
        ) from error


def _check_signature(folder: Path, meta_graph, signature: str) -> None:
    found = [name for name in meta_graph.signature_def if not name.startswith("__")]
    if signature not in found:
        signatures = [meta_graph.signature_def[name] for name in found]
        ends = {node_of(tensor.name) for one in signatures for tensor in one.outputs.values()}
        refuse_state(meta_graph.graph_def, str(folder), ends)
        raise Refused(
            f'{folder} has no signature "{signature}", only {", ".join(sorted(found)) or "none"}; '
            "name one with --signature"
        )


def _freeze_tf1(folder: Path, meta_graph, signature: str, outputs: list[str]) -> Source:
    definition = meta_graph.signature_def[signature]
    named = {alias: info.name for alias, info in definition.outputs.items()}
    kept = {node_of(tensor) for tensor in named.values()}
    nodes = {node.name for node in meta_graph.graph_def.node}
    kept |= {node_of(name) for name in outputs if node_of(name) in nodes}
    refuse_state(meta_graph.graph_def, str(folder), kept)
    graph = tf.Graph()
    with graph.as_default(), tf.compat.v1.Session(graph=graph) as session:
        tf.compat.v1.saved_model.loader.load(session, [SERVE], str(folder))
        frozen = tf.compat.v1.graph_util.convert_variables_to_constants(
            session, graph.as_graph_def(), sorted(kept)
        )
    inputs = {alias: info.name for alias, info in definition.inputs.items()}
    return Source("TensorFlow 1 SavedModel", frozen, inputs, named)


def _freeze_tf2(folder: Path, signature: str) -> Source:
    loaded = tf.saved_model.load(str(folder), tags=[SERVE])
    function = loaded.signatures[signature]
    # Inside of the signature are calls of further functions, whose bodies only the library holds.
    definition = function.graph.as_graph_def()
    refuse_state(definition, str(folder))
    frozen = convert_variables_to_constants_v2(function, lower_control_flow=False, aggressive_inlining=True)
    given = [tensor.name for tensor in frozen.inputs]
    aliases = list(function.structured_input_signature[1])
    inputs = {alias: _input_of(alias, given, i) for i, alias in enumerate(sorted(aliases))}
    outputs = dict(zip(sorted(function.structured_outputs), (t.name for t in frozen.outputs), strict=True))
    return Source("TensorFlow 2 SavedModel", frozen.graph.as_graph_def(), inputs, outputs)


def _input_of(alias: str, tensors: list[str], index: int) -> str:
    return next((name for name in tensors if node_of(name) == alias), tensors[index])


def _open_frozen_graph(file: Path) -> Source:
    graph_def = tf.compat.v1.GraphDef()
    try:
        graph_def.ParseFromString(file.read_bytes())
    except DecodeError as error:
        raise Refused(f"{file} is neither a SavedModel folder nor a frozen graph (GraphDef): {error}") from error
    if not graph_def.node:
        raise Refused(f"{file} holds no graph")
    variables = [n for n in graph_def.node if n.op in ("VariableV2", "Variable", "VarHandleOp")]
    if variables:
        raise Refused(
            f"{file} is not frozen: it has the variable {variables[0].name}. Freeze it, or name its SavedModel folder"
        )
    used = {node_of(name) for node in graph_def.node for name in node.input}
    sinks = [n.name for n in graph_def.node if n.name not in used and n.op not in ("NoOp", "Const", "Placeholder")]
    inputs = {n.name: f"{n.name}:0" for n in graph_def.node if n.op.startswith("Placeholder")}
    return Source("frozen graph", graph_def, inputs, {name: f"{name}:0" for name in sinks})
