import { ScoringError } from "../errors";
import { readImageHeader } from "../imaging/header";
import { mapInTurns } from "../inTurns";
import type { ModelPackage } from "../model/modelPackage";
import type { Batcher, CallContext, Inference, Outcome } from "./batcher";
import { checkInputTensor, rowOf, type InputTensor } from "./inputTensor";
import type { EncodedImage } from "./messages";

export interface PredictorLimits {
  /** Bound on a picture's width x height. */
  readonly maxPixels: number;
  /** Bound on the pictures, or rows of a tensor, of one request. */
  readonly maxImagesPerRequest: number;
}

/** The one way from pictures to a model's outputs; every protocol is an adapter over it. */
export class Predictor {
  /** @param whyNot what stands in the way of scoring now, such as that no session worker is open and warm; undefined if nothing does */
  constructor(
    readonly model: ModelPackage,
    private readonly batcher: Batcher,
    private readonly limits: PredictorLimits,
    private readonly whyNot: () => ScoringError | undefined,
  ) {}

  /** False while no session worker is open and warm: every call would fail with NOT_READY. */
  get isReady(): boolean {
    return this.whyNot() === undefined;
  }

  /**
   * Scores one picture. What its header tells is checked before it may wait in the queue.
   * @param bytes a whole JPEG or PNG; the buffer behind it is moved to a worker if it holds nothing else, and copied otherwise
   * @throws ScoringError NOT_READY, or as `readImageHeader` and `Batcher.submit`
   */
  async predictImage(bytes: Uint8Array, context: CallContext): Promise<Inference> {
    this.#checkReady();
    return this.batcher.submit(this.#encoded(bytes), context);
  }

  /**
   * Scores the pictures of one request; free workers decode and run them at the same time. If one is bad the request fails.
   * @param images as for `predictImage`
   * @returns the pictures' outputs, in their order
   * @throws ScoringError as `predictImage`, its message naming the index of the first bad picture; INVALID_REQUEST when there are none or too many
   */
  async predictImages(images: readonly Uint8Array[], context: CallContext): Promise<Inference[]> {
    this.#checkReady();
    this.#checkCount(images.length);
    const encoded = images.map((bytes, i) => {
      try {
        return this.#encoded(bytes);
      } catch (error) {
        throw atIndex(error as ScoringError, i, images.length);
      }
    });
    return inferencesOf(await this.batcher.submitAll(encoded, context));
  }

  /**
   * Runs the model on a tensor that the caller has prepared, without any imaging; its rows may share runs with other requests.
   * @param tensor of the input's dtype and shape, [n, ...]; its memory is moved to a worker where it can be
   * @returns the rows' outputs, in their order
   * @throws ScoringError INVALID_REQUEST naming dtype or shape; NOT_READY, or as `Batcher.submitAll`
   */
  async predictTensor(tensor: InputTensor, context: CallContext): Promise<Inference[]> {
    this.#checkReady();
    const count = checkInputTensor(tensor, this.model.input);
    this.#checkCount(count);
    const indices = Array.from({ length: count }, (_, i) => i);
    const rows = await mapInTurns(indices, (i) => ({ values: rowOf(tensor, i, count) }));
    return inferencesOf(await this.batcher.submitAll(rows, context));
  }

  #encoded(bytes: Uint8Array): EncodedImage {
    const header = readImageHeader(bytes, this.limits.maxPixels);
    const { buffer } = bytes;
    const isMovable = buffer instanceof ArrayBuffer && bytes.byteLength === buffer.byteLength;
    return { bytes: isMovable ? new Uint8Array(buffer) : Uint8Array.from(bytes), header };
  }

  #checkReady(): void {
    const error = this.whyNot();
    if (error) throw error;
  }

  #checkCount(count: number): void {
    const { maxImagesPerRequest } = this.limits;
    if (count >= 1 && count <= maxImagesPerRequest) return;
    const message = `The request holds ${count} pictures; it must hold 1 to ${maxImagesPerRequest}.`;
    throw new ScoringError("INVALID_REQUEST", message);
  }
}

const atIndex = (error: ScoringError, index: number, count: number): ScoringError => {
  if (count === 1) return error;
  const message = `Picture at index ${index} (of ${count}): ${error.message}`;
  return new ScoringError(error.code, message, { cause: error.cause });
};

function inferencesOf(outcomes: readonly Outcome[]): Inference[] {
  return outcomes.map((outcome, i) => {
    if (outcome instanceof ScoringError) throw atIndex(outcome, i, outcomes.length);
    return outcome;
  });
}
