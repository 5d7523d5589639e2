import { InferenceSession, Tensor } from "onnxruntime-node";
import type { TensorData } from "../imaging/tensorWriter";
import type { Graph, GraphTensor } from "../model/graph";
import type { OutputTensor, SessionPlan, TensorValues } from "./messages";

/**
 * Opens an ONNX file for the CPU. Spinning is off because a busy-waiting pool starves decoding and the event loop
 * for tens of milliseconds after every run.
 */
export function openSession({ modelFile, threads }: SessionPlan): Promise<InferenceSession> {
  return InferenceSession.create(modelFile, {
    executionProviders: ["cpu"],
    intraOpNumThreads: threads,
    interOpNumThreads: 1,
    executionMode: "sequential",
    graphOptimizationLevel: "all",
    // Errors reach us as exceptions; ONNX Runtime would also print them, outside of our log.
    logSeverityLevel: 4,
    extra: { session: { intra_op: { allow_spinning: "0" } } },
  });
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
