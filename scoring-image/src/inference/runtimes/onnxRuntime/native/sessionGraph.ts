import type { Graph, GraphTensor } from "../../../../model/graph";
import type { Dimension } from "../../../../model/modelTensors";
import { elementName } from "./elements";
import { NativeMemory, textAt } from "./nativeMemory";
import type { OnnxRuntime } from "./onnxRuntime";

/** Inputs and outputs of an opened session. @param where path of the model */
export function graphOf(runtime: OnnxRuntime, session: bigint, where: string): Graph {
  const { call } = runtime;
  const inputs = Number(runtime.read((out) => call.SessionGetInputCount(session, out)));
  const outputs = Number(runtime.read((out) => call.SessionGetOutputCount(session, out)));
  const tensors = (count: number, direction: "Input" | "Output") =>
    Array.from({ length: count }, (_, i) => describe(runtime, session, direction, i));
  return {
    ...{ holder: "the graph", where },
    inputs: tensors(inputs, "Input"),
    outputs: tensors(outputs, "Output"),
  };
}

function describe(
  runtime: OnnxRuntime,
  session: bigint,
  direction: "Input" | "Output",
  index: number,
): GraphTensor {
  const { call } = runtime;
  const memory = new NativeMemory();
  try {
    const allocator = runtime.read((out) => call.GetAllocatorWithDefaultOptions(out));
    const name = memory.adopt(
      runtime.read((out) => call[`SessionGet${direction}Name`](session, index, allocator, out)),
      (text) => runtime.check(call.AllocatorFree(allocator, text)),
    );
    const type = runtime.make(memory, "ReleaseTypeInfo", (out) =>
      call[`SessionGet${direction}TypeInfo`](session, index, out),
    );
    // It belongs to the type.
    const tensor = runtime.read((out) => call.CastTypeInfoToTensorInfo(type, out));
    if (tensor === 0n) return { name: textAt(name), dtype: "non-tensor", shape: [] };
    return { name: textAt(name), ...typeAndShape(runtime, tensor) };
  } finally {
    memory.free();
  }
}

/** dtype and shape of an `OrtTensorTypeAndShapeInfo`; free dimensions are their names, or empty. */
export function typeAndShape(
  runtime: OnnxRuntime,
  info: bigint,
): { dtype: string; shape: Dimension[] } {
  const { call } = runtime;
  const type = runtime.read((out) => call.GetTensorElementType(info, out));
  const count = Number(runtime.read((out) => call.GetDimensionsCount(info, out)));
  const sizes = new BigInt64Array(count);
  const names = new BigUint64Array(count);
  if (count > 0) {
    runtime.check(call.GetDimensions(info, sizes, count));
    runtime.check(call.GetSymbolicDimensions(info, names, count));
  }
  const shape = Array.from(sizes, (size, i) =>
    size < 0n ? textAt(names[i] as bigint) : Number(size),
  );
  return { dtype: elementName(Number(type)), shape };
}
