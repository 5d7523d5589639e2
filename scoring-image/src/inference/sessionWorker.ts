/** Entry point of a session worker thread: pictures in, output tensors out, one job at a time. */
import { parentPort, workerData } from "node:worker_threads";
import type { InferenceSession } from "onnxruntime-node";
import { ScoringError, toScoringError } from "../errors";
import { decodeImage } from "../imaging/decode";
import { allocateBatch, valuesPerImage } from "../imaging/tensorWriter";
import { writePixels } from "../imaging/toTensor";
import type {
  ImageResult,
  InputImage,
  Job,
  SessionPlan,
  WorkerMessage,
  WorkerOrder,
} from "./messages";
import { checkProvider, graphOf, openSession, runBatch } from "./session";
import { warmUp } from "./warmUp";

const port = parentPort;
if (!port) throw new Error("sessionWorker must run in a worker thread");

const plan = workerData as SessionPlan;
const batch = allocateBatch(plan.transform, plan.maxBatchSize);

async function write(image: InputImage, index: number): Promise<void> {
  if ("values" in image) batch.set(image.values, index * valuesPerImage(plan.transform));
  else writePixels(plan.transform, await decodeImage(image.bytes, image.header), batch, index);
}

/** Brings every picture of the job into the batch tensor; returns the error of each that cannot be decoded. */
async function prepare({ images }: Job): Promise<(ScoringError | undefined)[]> {
  const errors: (ScoringError | undefined)[] = [];
  let filled = 0;
  for (const image of images) {
    try {
      await write(image, filled);
      filled++;
      errors.push(undefined);
    } catch (error) {
      errors.push(toScoringError(error));
    }
  }
  return errors;
}

async function infer(session: InferenceSession, count: number) {
  try {
    const data = batch.subarray(0, count * valuesPerImage(plan.transform));
    return await runBatch(session, plan, data, count);
  } catch (cause) {
    throw new ScoringError("MODEL_FAILED", "The model failed to run on this input.", { cause });
  }
}

const asResult = (error: ScoringError): ImageResult => {
  const cause = error.cause instanceof Error ? error.cause.message : undefined;
  const { code, message } = error;
  return { error: { code, message, ...(cause ? { detail: cause } : {}) } };
};

async function score(session: InferenceSession, job: Job): Promise<WorkerMessage> {
  const started = performance.now();
  const errors = await prepare(job);
  const count = errors.filter((error) => error === undefined).length;
  const prepared = performance.now();
  let outcome: ImageResult[] = [];
  if (count > 0) {
    outcome = await infer(session, count).then(
      (rows) => rows.map((outputs) => ({ outputs })),
      (error: unknown) => Array.from({ length: count }, () => asResult(toScoringError(error))),
    );
  }
  let next = 0;
  const results = errors.map((error) =>
    error ? asResult(error) : (outcome[next++] as ImageResult),
  );
  const inferenceMs = count > 0 ? performance.now() - prepared : 0;
  return { type: "done", results, imagingMs: prepared - started, inferenceMs };
}

/** Outputs are slices of their own, so they can be moved instead of copied. */
const buffersOf = (message: WorkerMessage): ArrayBuffer[] =>
  message.type === "ready"
    ? []
    : message.results.flatMap((result) =>
        "outputs" in result ? result.outputs.map(({ data }) => data.buffer as ArrayBuffer) : [],
      );

async function main(): Promise<void> {
  const session = await openSession(plan);
  await warmUp((job) => score(session, job), plan);
  checkProvider(session, plan);
  port?.on("message", (order: WorkerOrder) => {
    // With its port closed the thread has nothing left to wait for once the last answer is sent.
    if (order === "close") {
      port.close();
      return;
    }
    void score(session, order).then((message) => port.postMessage(message, buffersOf(message)));
  });
  port?.postMessage({ type: "ready", graph: graphOf(session) } satisfies WorkerMessage);
}

void main();
