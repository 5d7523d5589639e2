import { readdirSync, readFileSync, rmSync } from "node:fs";
import os from "node:os";
import path from "node:path";
import { threadId } from "node:worker_threads";
import { env, InferenceSession, Tensor } from "onnxruntime-node";
import type { TensorData } from "../imaging/tensorWriter";
import type { Graph, GraphTensor } from "../model/graph";
import { fallbackOf } from "./providerCheck";
import type { OutputTensor, SessionPlan, TensorValues } from "./messages";

// Errors reach us as exceptions; ONNX Runtime would also print them, outside of our log.
env.logLevel = "fatal";

const profilePrefix = path.join(os.tmpdir(), `profile-${process.pid}-${threadId}-`);

/**
 * Opens an ONNX file. Spinning is off because a busy-waiting pool starves decoding and the event loop
 * for tens of milliseconds after every run. For another provider than the CPU the session records where its operators
 * run until `checkProvider` has looked at it.
 */
export function openSession({
  modelFile,
  threads,
  executionProvider,
}: Pick<SessionPlan, "modelFile" | "threads" | "executionProvider">): Promise<InferenceSession> {
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

/**
 * Makes sure, after the warm-up, that the model ran where it was asked to run.
 * @throws Error why it did not
 */
export function checkProvider(session: InferenceSession, { executionProvider }: SessionPlan): void {
  if (executionProvider === "cpu") return;
  session.endProfiling();
  const { dir, base } = path.parse(profilePrefix);
  const file = readdirSync(dir).find((name) => name.startsWith(base));
  if (file === undefined) throw new Error(`ONNX Runtime could not write its profile to ${dir}`);
  const fallback = fallbackOf(readFileSync(path.join(dir, file), "utf8"), executionProvider);
  rmSync(path.join(dir, file));
  if (fallback !== undefined) throw new Error(fallback);
}

/** Inputs and outputs of an opened session. */
export function graphOf({ inputMetadata, outputMetadata }: InferenceSession): Graph {
  return { inputs: inputMetadata.map(describe), outputs: outputMetadata.map(describe) };
}

function describe(tensor: InferenceSession.ValueMetadata): GraphTensor {
  if (!tensor.isTensor) return { name: tensor.name, dtype: "non-tensor", shape: [] };
  return { name: tensor.name, dtype: tensor.type, shape: tensor.shape };
}

/**
 * Runs a batch and cuts its outputs into one set a picture.
 * @param data the batch tensor's values, `count` pictures long
 * @returns for each picture its outputs in the plan's order
 */
export async function runBatch(
  session: InferenceSession,
  plan: SessionPlan,
  data: TensorData,
  count: number,
): Promise<OutputTensor[][]> {
  const { height, width, layout, dtype } = plan.transform;
  const dims = layout === "NCHW" ? [count, 3, height, width] : [count, height, width, 3];
  const input =
    dtype === "uint8"
      ? new Tensor("uint8", data as Uint8Array, dims)
      : new Tensor("float32", data as Float32Array, dims);
  const outputs = await session.run({ [plan.inputName]: input }, [...plan.outputNames]);
  const split = plan.outputNames.map((name) => splitBatch(name, outputs[name] as Tensor, count));
  return Array.from({ length: count }, (_, i) => split.map((rows) => rows[i] as OutputTensor));
}

function splitBatch(name: string, tensor: Tensor, count: number): OutputTensor[] {
  const [batch, ...rest] = tensor.dims;
  if (batch !== count) {
    throw new Error(`output ${name} has ${batch} rows for ${count} pictures`);
  }
  const values = tensor.data as TensorValues;
  const length = values.length / count;
  return Array.from({ length: count }, (_, i) => ({
    name,
    dims: [1, ...rest],
    data: values.slice(i * length, (i + 1) * length),
  }));
}
