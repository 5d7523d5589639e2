/** Entry point of a session worker thread: pictures in, output tensors out, one job at a time. */
import { parentPort, workerData } from "node:worker_threads";
import type { InferenceSession } from "onnxruntime-node";
import { ScoringError, toScoringError } from "../errors";
import { decodeImage } from "../imaging/decode";
import { allocateBatch, valuesPerImage } from "../imaging/tensorWriter";
import { writePixels } from "../imaging/toTensor";
import type { PictureSize } from "../imaging/transform";
import { DetectionDecoder } from "./detection/decoder";
import type {
  ImageResult,
  InputImage,
  Job,
  OutputTensor,
  SessionPlan,
  WorkerMessage,
  WorkerOrder,
} from "./messages";
import { checkProvider, graphOf, openSession, runBatch } from "./session";
import { warmUp } from "./warmUp";

const port = parentPort;
if (!port) throw new Error("sessionWorker must run in a worker thread");

const plan = workerData as SessionPlan;
const decoder = plan.detection && new DetectionDecoder(plan.detection, plan.transform);
const batch = allocateBatch(plan.transform, plan.maxBatchSize);

/** Brings one picture into place `index` of the batch tensor and returns its size; a decoded one counts as of the input's size. */
async function write(image: InputImage, index: number): Promise<PictureSize | undefined> {
  if ("values" in image) {
    batch.set(image.values, index * valuesPerImage(plan.transform));
    return undefined;
  }
  const pixels = await decodeImage(image.bytes, image.header);
  writePixels(plan.transform, pixels, batch, index);
  return { width: pixels.width, height: pixels.height };
}

/** What became of a picture on its way into the batch tensor. */
type Prepared = { readonly size: PictureSize | undefined } | { readonly error: ScoringError };

/** Brings every picture of the job into the batch tensor, those that cannot be decoded left out. */
async function prepare({ images }: Job): Promise<Prepared[]> {
  const pictures: Prepared[] = [];
  let filled = 0;
  for (const image of images) {
    try {
      pictures.push({ size: await write(image, filled) });
      filled++;
    } catch (error) {
      pictures.push({ error: toScoringError(error) });
    }
  }
  return pictures;
}

/** Runs the model on the first pictures of the batch tensor; `sizes` has one entry for each. */
async function infer(
  session: InferenceSession,
  sizes: readonly (PictureSize | undefined)[],
): Promise<OutputTensor[][]> {
  try {
    const data = batch.subarray(0, sizes.length * valuesPerImage(plan.transform));
    const rows = await runBatch(session, plan, data, sizes.length);
    if (!decoder) return rows;
    return rows.map((outputs, i) => [...outputs, ...decoder.decodeTensors(outputs, sizes[i])]);
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
  const pictures = await prepare(job);
  const sizes = pictures.flatMap((picture) => ("error" in picture ? [] : [picture.size]));
  const prepared = performance.now();
  let outcome: ImageResult[] = [];
  if (sizes.length > 0) {
    outcome = await infer(session, sizes).then(
      (rows) => rows.map((outputs) => ({ outputs })),
      (error: unknown) => sizes.map(() => asResult(toScoringError(error))),
    );
  }
  let next = 0;
  const results = pictures.map((picture) =>
    "error" in picture ? asResult(picture.error) : (outcome[next++] as ImageResult),
  );
  const inferenceMs = sizes.length > 0 ? performance.now() - prepared : 0;
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
