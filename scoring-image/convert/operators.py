"""Operators that no ONNX graph of a scoring service can have, found before anything is converted."""

from errors import Refused

# A model that changes itself would answer the same picture differently, and in every replica otherwise.
STATE = {
    "Assign", "AssignAdd", "AssignSub", "AssignVariableOp", "AssignAddVariableOp", "AssignSubVariableOp",
    "ScatterUpdate", "ScatterAdd", "ResourceScatterUpdate", "ResourceScatterAdd",
    "QueueEnqueueV2", "QueueDequeueV2", "QueueDequeueManyV2", "IteratorGetNext", "IteratorV2",
}  # fmt: skip
# tensorflow.DataType.DT_STRING, and the attributes that give a node's type.
TEXT = 7
TYPES = ("T", "dtype", "DstT", "SrcT", "element_dtype")
TEXT_ONLY = {
    "AsString", "StringJoin", "StringSplit", "StringSplitV2", "StringToNumber", "StringFormat", "Substr",
    "RegexReplace", "DecodeBase64", "EncodeBase64", "DecodeRaw", "ParseExample", "ParseExampleV2",
    "DecodeJpeg", "DecodePng", "DecodeImage", "DecodeGif", "DecodeBmp", "EncodeJpeg", "EncodePng", "ReadFile",
}  # fmt: skip
TABLES = {"HashTableV2", "LookupTableFindV2", "MutableHashTableV2", "LookupTableImportV2"}
# What restores a checkpoint or initialises is never run by a signature's outputs.
NOT_SCORED = ("save/", "init")


def ancestors(graph_def, outputs: set[str]) -> set[str]:
    """Names of the nodes that the given nodes need, themselves included; control inputs count."""
    nodes = {node.name: node for node in graph_def.node}
    found, waiting = set(), [name for name in outputs if name in nodes]
    while waiting:
        name = waiting.pop()
        if name in found:
            continue
        found.add(name)
        sources = (i.split(":")[0].lstrip("^") for i in nodes[name].input)
        waiting.extend(source for source in sources if source in nodes)
    return found


def all_nodes(graph_def, needed: set[str] | None = None):
    """The needed nodes of the graph, and those of the functions that these call."""
    bodies = {function.signature.name: function.node_def for function in graph_def.library.function}
    waiting = [node for node in graph_def.node if needed is None or node.name in needed]
    called: set[str] = set()
    while waiting:
        node = waiting.pop(0)
        yield node
        for attribute in node.attr.values():
            for function in [attribute.func, *attribute.list.func]:
                if function.name in bodies and function.name not in called:
                    called.add(function.name)
                    waiting.extend(bodies[function.name])


def refuse_state(graph_def, path: str, outputs: set[str] | None = None) -> None:
    """Raises Refused naming operator and node where computing the outputs changes the model."""
    needed = ancestors(graph_def, outputs) if outputs else None
    for node in all_nodes(graph_def, needed):
        if node.op not in STATE or (needed is None and _is_housekeeping(node.name)):
            continue
        raise Refused(
            f'{path} keeps state: the operator {node.op} at node "{node.name}" changes the model while it scores. '
            "ONNX has no such operator; export the model for inference, without it"
        )


def _is_housekeeping(name: str) -> bool:
    return name.startswith(NOT_SCORED) or name.endswith("/Assign")


def refuse_unconvertible(graph_def) -> None:
    """Raises Refused naming each operator on text or tables, with its first node."""
    found: dict[str, str] = {}
    for node in all_nodes(graph_def):
        on_text = any(node.attr[key].type == TEXT for key in TYPES if key in node.attr)
        if node.op in TABLES or node.op in TEXT_ONLY or on_text:
            found.setdefault(node.op, node.name)
    if found:
        listed = ", ".join(f'{op} (node "{name}")' for op, name in sorted(found.items()))
        raise Refused(
            f"no ONNX operator for {listed}. Leave text and tables out: name the tensor behind them with --input, "
            "or the one before them with --outputs"
        )
