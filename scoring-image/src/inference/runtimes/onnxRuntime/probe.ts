import { readFileSync, rmSync } from "node:fs";
import os from "node:os";
import path from "node:path";
import type { Graph } from "../../../model/graph";
import { NativeMemory, textAt } from "./native/nativeMemory";
import type { OnnxRuntime } from "./native/onnxRuntime";
import { openSession } from "./native/session";
import { graphOf } from "./native/sessionGraph";
import { batchDims, bytesPerRow, type OnnxRuntimePlan } from "./onnxRuntimePlan";
import type { Opening } from "./opening";
import { plannedOutputs } from "./outputShapes";
import { fallbackOf, hasFixedShapes } from "./providerCheck";
import { providersOf } from "./providerOptions";

/** What one run on the device has shown of a model. */
export interface Probe {
  readonly graph: Graph;
  /**
   * True when nothing in a run has a shape that depends on data, so that it may become a CUDA
   * graph.
   */
  readonly hasFixedShapes: boolean;
}

/**
 * Runs the smallest size once in a session that writes a profile, and closes it. ONNX Runtime
 * writes no profile of a captured graph, so this is where it is seen that the model runs where it
 * was asked to.
 * @throws Error when the model cannot be opened or fails on zeros, or when heavy operators ran
 * elsewhere
 */
export async function probe(opening: Opening, stream: bigint): Promise<Probe> {
  const { runtime, environment, plan } = opening;
  const memory = new NativeMemory();
  const profilePrefix = path.join(os.tmpdir(), `profile-${process.pid}-${Date.now()}-`);
  try {
    const session = await openSession(runtime, memory, environment, {
      ...{ model: plan.modelFile, threads: plan.threads, profilePrefix },
      providers: providersOf(plan, stream, false),
    });
    const graph = graphOf(runtime, session, plan.modelFile);
    await runOnce(runtime, session, plan);
    const profile = takeProfile(runtime, session);
    const fallback = fallbackOf(profile, plan.executionProvider);
    if (fallback !== undefined) throw new Error(fallback);
    const names = plan.outputs.map(({ name }) => name);
    const outputs = plannedOutputs(graph, names);
    const isFixed = outputs.every(({ row }) => row !== undefined) && hasFixedShapes(profile);
    return { graph, hasFixedShapes: isFixed };
  } finally {
    memory.free();
  }
}

/** Runs zeros from memory of this process, apart from this thread. */
async function runOnce(
  runtime: OnnxRuntime,
  session: bigint,
  plan: OnnxRuntimePlan,
): Promise<void> {
  const { input, transform, outputs, sizes } = plan;
  const size = sizes[0] as number;
  const memory = new NativeMemory();
  try {
    const zeros = new Uint8Array(size * bytesPerRow(transform));
    const value = runtime.makeTensor(memory, runtime.cpuMemory(memory), {
      ...{ data: memory.hold(zeros), bytes: zeros.byteLength },
      ...{ dims: batchDims(transform, size), dtype: transform.dtype },
    });
    const names = outputs.map(({ name }) => name);
    const values = new BigUint64Array(names.length);
    const [inputs, inputNames] = [BigUint64Array.of(value), memory.texts([input.name])];
    const outputNames = memory.texts(names);
    await runtime.apart(
      ...(["Run", session, null, inputNames, inputs, 1] as const),
      ...([outputNames, names.length, values] as const),
    );
    for (const output of values) runtime.call.ReleaseValue(output);
  } finally {
    memory.free();
  }
}

/** Ends the profile. @returns its content; the file is gone then */
function takeProfile(runtime: OnnxRuntime, session: bigint): string {
  const { call } = runtime;
  const allocator = runtime.read((out) => call.GetAllocatorWithDefaultOptions(out));
  const name = runtime.read((out) => call.SessionEndProfiling(session, allocator, out));
  const file = textAt(name);
  runtime.check(call.AllocatorFree(allocator, name));
  try {
    return readFileSync(file, "utf8");
  } catch (cause) {
    throw new Error(`ONNX Runtime could not write its profile to ${file}`, { cause });
  } finally {
    rmSync(file, { force: true });
  }
}
