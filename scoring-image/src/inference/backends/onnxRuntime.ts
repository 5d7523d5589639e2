import { readdirSync, readFileSync, rmSync } from "node:fs";
import os from "node:os";
import path from "node:path";
import { threadId } from "node:worker_threads";
import { env, InferenceSession, Tensor } from "onnxruntime-node";
import type { TensorData } from "../../imaging/tensorWriter";
import type { Graph, GraphTensor } from "../../model/graph";
import type { OutputTensor, TensorValues } from "../messages";
import type { OnnxRuntimePlan, SessionPlan } from "../sessionPlan";
import type { Availability, InferenceBackend } from "./backend";
import { batchDims, splitBatch } from "./batchTensor";
import { fallbackOf } from "./providerCheck";

// Errors reach us as exceptions; ONNX Runtime would also print them, outside of our log.
env.logLevel = "fatal";

const profilePrefix = path.join(os.tmpdir(), `profile-${process.pid}-${threadId}-`);

/**
 * Opens an ONNX file. Spinning is off because a busy-waiting pool starves decoding and the event loop
 * for tens of milliseconds after every run. For another provider than the CPU the session records where its operators
 * run until `verify` has looked at it.
 * @throws Error why ONNX Runtime refused the file or the provider
 */
export function openSession({
  modelFile,
  threads,
  executionProvider,
}: Omit<OnnxRuntimePlan, "kind">): Promise<InferenceSession> {
  return InferenceSession.create(modelFile, {
    executionProviders: [executionProvider],
    ...(executionProvider === "cpu"
      ? {}
      : { enableProfiling: true, profileFilePrefix: profilePrefix }),
    intraOpNumThreads: threads,
    interOpNumThreads: 1,
    executionMode: "sequential",
    graphOptimizationLevel: "all",
    logSeverityLevel: 4,
    extra: { session: { intra_op: { allow_spinning: "0" } } },
  });
}

/** ONNX Runtime in this process. `session.run` blocks its thread, so a run in progress can be neither cancelled nor cut short. */
export class OnnxRuntimeBackend implements InferenceBackend {
  private constructor(
    private readonly session: InferenceSession,
    private readonly plan: SessionPlan,
    private readonly onnx: OnnxRuntimePlan,
  ) {}

  /** @throws Error why ONNX Runtime refused the file or the provider */
  static async open(plan: SessionPlan, session: OnnxRuntimePlan): Promise<OnnxRuntimeBackend> {
    return new OnnxRuntimeBackend(await openSession(session), plan, session);
  }

  watch(listener: (availability: Availability) => void): void {
    listener({ graph: graphOf(this.session, this.onnx.modelFile) });
  }

  async run(data: TensorData, count: number): Promise<OutputTensor[][]> {
    const { transform, input, outputs } = this.plan;
    const dims = batchDims(transform, count);
    const tensor =
      transform.dtype === "uint8"
        ? new Tensor("uint8", data as Uint8Array, dims)
        : new Tensor("float32", data as Float32Array, dims);
    const names = outputs.map(({ name }) => name);
    const computed = await this.session.run({ [input.name]: tensor }, names);
    const split = names.map((name) => {
      const { dims: shape, data: values } = computed[name] as Tensor;
      return splitBatch(name, shape, values as TensorValues, count);
    });
    return Array.from({ length: count }, (_, i) => split.map((rows) => rows[i] as OutputTensor));
  }

  verify(): void {
    const { executionProvider } = this.onnx;
    if (executionProvider === "cpu") return;
    this.session.endProfiling();
    const { dir, base } = path.parse(profilePrefix);
    const file = readdirSync(dir).find((name) => name.startsWith(base));
    if (file === undefined) throw new Error(`ONNX Runtime could not write its profile to ${dir}`);
    const profile = readFileSync(path.join(dir, file), "utf8");
    rmSync(path.join(dir, file));
    const fallback = fallbackOf(profile, executionProvider);
    if (fallback !== undefined) throw new Error(fallback);
  }

  close(): void {
    // The session ends with its thread.
  }
}

/** Inputs and outputs of an opened session. */
export const graphOf = (
  { inputMetadata, outputMetadata }: InferenceSession,
  modelFile: string,
): Graph => ({
  ...{ holder: "the graph", where: modelFile },
  inputs: inputMetadata.map(describe),
  outputs: outputMetadata.map(describe),
});

function describe(tensor: InferenceSession.ValueMetadata): GraphTensor {
  if (!tensor.isTensor) return { name: tensor.name, dtype: "non-tensor", shape: [] };
  return { name: tensor.name, dtype: tensor.type, shape: tensor.shape };
}
