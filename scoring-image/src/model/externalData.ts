import { Root } from "protobufjs";

const list = (type: string, id: number) => ({ rule: "repeated", type, id });

/**
 * The part of https://github.com/onnx/onnx/blob/main/onnx/onnx.proto that leads to tensors; all other
 * fields, weights among them, are skipped. Messages that occur once are lists here, because a parser
 * that merges occurrences of a message sees the tensors of all of them.
 */
const format = Root.fromJSON({
  nested: {
    Model: { fields: { graph: list("Graph", 7), functions: list("Function", 25) } },
    Function: { fields: { node: list("Node", 7), attribute: list("Attribute", 11) } },
    Graph: {
      fields: {
        node: list("Node", 1),
        initializer: list("Tensor", 5),
        sparseInitializer: list("SparseTensor", 15),
      },
    },
    Node: { fields: { attribute: list("Attribute", 5) } },
    Attribute: {
      fields: {
        tensor: list("Tensor", 5),
        graph: list("Graph", 6),
        tensors: list("Tensor", 10),
        graphs: list("Graph", 11),
        sparseTensor: list("SparseTensor", 22),
        sparseTensors: list("SparseTensor", 23),
      },
    },
    SparseTensor: { fields: { values: list("Tensor", 1), indices: list("Tensor", 2) } },
    Tensor: {
      fields: { externalData: list("Entry", 13), dataLocation: { type: "int32", id: 14 } },
    },
    Entry: { fields: { key: { type: "string", id: 1 }, value: { type: "string", id: 2 } } },
  },
}).lookupType("Model");

/** `TensorProto.DataLocation.EXTERNAL` */
const external = 1;

interface Tensor {
  readonly dataLocation: number;
  readonly externalData: readonly { readonly key: string; readonly value: string }[];
}

/**
 * The files in which an ONNX file keeps weights outside of itself, as it names them: relative to its folder, each once, sorted.
 * @param bytes of the ONNX file
 * @throws Error when it is no ONNX file
 */
export function externalDataOf(bytes: Uint8Array): string[] {
  const found = new Set<string>();
  const visit = (message: object) => {
    if ("externalData" in message && (message as Tensor).dataLocation === external) {
      for (const { key, value } of (message as Tensor).externalData) {
        if (key === "location") found.add(value);
      }
    }
    for (const part of Object.values(message) as unknown[]) {
      if (Array.isArray(part)) part.forEach(visit);
    }
  };
  visit(format.decode(bytes));
  return [...found].sort();
}
