import type { Graph } from "../../../model/graph";
import { NativeMemory } from "./native/nativeMemory";
import { OnnxRuntime } from "./native/onnxRuntime";
import { openEnvironment, openSession } from "./native/session";
import { graphOf } from "./native/sessionGraph";

/** Inputs and outputs of an ONNX file. @throws Error why ONNX Runtime refused it */
export async function readOnnxGraph(modelFile: string): Promise<Graph> {
  const runtime = new OnnxRuntime();
  const memory = new NativeMemory();
  try {
    const environment = openEnvironment(runtime, memory);
    const request = { model: modelFile, threads: 1, providers: [] };
    const session = await openSession(runtime, memory, environment, request);
    return graphOf(runtime, session, modelFile);
  } finally {
    memory.free();
  }
}
