import { ScoringError, toScoringError } from "../errors";
import { decodeImage } from "../imaging/decode";
import { Resampler } from "../imaging/resampler";
import { valuesPerImage, type TensorData } from "../imaging/tensorWriter";
import type { PictureSize } from "../imaging/transform";
import type { InferenceBackend } from "./backends/backend";
import { DetectionDecoder } from "./detection/decoder";
import type { ImageResult, InputImage, Job, OutputTensor, WorkerMessage } from "./messages";
import type { SessionPlan } from "./sessionPlan";

/** What became of a picture on its way into the batch tensor. */
type Prepared = { readonly size: PictureSize | undefined } | { readonly error: ScoringError };

/** Turns jobs into results inside a session worker: pictures into the batch tensor, the tensor through the backend. */
export class JobRunner {
  readonly #decoder: DetectionDecoder | undefined;
  readonly #batch: TensorData;
  readonly #resampler: Resampler;

  constructor(
    private readonly plan: SessionPlan,
    private readonly backend: InferenceBackend,
  ) {
    this.#decoder = plan.detection && new DetectionDecoder(plan.detection, plan.transform);
    const Values = plan.input.dtype === "uint8" ? Uint8Array : Float32Array;
    this.#batch = new Values(plan.maxBatchSize * valuesPerImage(plan.transform));
    this.#resampler = new Resampler(plan.transform);
  }

  /** Runs one job at a time. @param signal aborted when nobody waits for the job any more */
  async run(job: Job, signal: AbortSignal): Promise<Extract<WorkerMessage, { type: "done" }>> {
    const started = performance.now();
    const pictures = await this.#prepare(job);
    const sizes = pictures.flatMap((picture) => ("error" in picture ? [] : [picture.size]));
    const prepared = performance.now();
    let outcome: ImageResult[] = [];
    if (sizes.length > 0) {
      const patience = { timeoutMs: job.timeoutMs - (prepared - started), signal };
      outcome = await this.#infer(sizes, patience).then(
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

  /** Brings every picture of the job into the batch tensor, those that cannot be decoded left out. */
  async #prepare({ images }: Job): Promise<Prepared[]> {
    const pictures: Prepared[] = [];
    let filled = 0;
    for (const image of images) {
      try {
        pictures.push({ size: await this.#write(image, filled) });
        filled++;
      } catch (error) {
        pictures.push({ error: toScoringError(error) });
      }
    }
    return pictures;
  }

  /** Brings one picture into place `index` of the batch tensor and returns its size; a decoded one counts as of the input's size. */
  async #write(image: InputImage, index: number): Promise<PictureSize | undefined> {
    const start = index * valuesPerImage(this.plan.transform);
    if ("values" in image) {
      this.#batch.set(image.values, start);
      return undefined;
    }
    const pixels = await decodeImage(image.bytes, image.header, (bytes) =>
      this.#resampler.pixelBuffer(bytes),
    );
    this.#batch.set(this.#resampler.resample(pixels), start);
    return { width: pixels.width, height: pixels.height };
  }

  /** Runs the model on the first pictures of the batch tensor; `sizes` has one entry for each. */
  async #infer(
    sizes: readonly (PictureSize | undefined)[],
    patience: Parameters<InferenceBackend["run"]>[2],
  ): Promise<OutputTensor[][]> {
    if (patience.signal.aborted) throw new ScoringError("CANCELLED", "The caller has gone away.");
    const decoder = this.#decoder;
    try {
      const data = this.#batch.subarray(0, sizes.length * valuesPerImage(this.plan.transform));
      const rows = await this.backend.run(data, sizes.length, patience);
      if (!decoder) return rows;
      return rows.map((outputs, i) => [...outputs, ...decoder.decodeTensors(outputs, sizes[i])]);
    } catch (cause) {
      if (cause instanceof ScoringError) throw cause;
      throw new ScoringError("MODEL_FAILED", "The model failed to run on this input.", { cause });
    }
  }
}

const asResult = (error: ScoringError): ImageResult => {
  const cause = error.cause instanceof Error ? error.cause.message : undefined;
  const { code, message } = error;
  return { error: { code, message, ...(cause ? { detail: cause } : {}) } };
};
