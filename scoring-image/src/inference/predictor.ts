import { ScoringError } from "../errors";
import { readImageHeader } from "../imaging/header";
import type { ImageHeader } from "../imaging/imageHeader";
import { mapInTurns } from "../inTurns";
import type { ModelPackage } from "../model/modelPackage";
import type { Answer, AnswerForm, CallContext } from "./call";
import { checkInputTensor, rowOf, type InputTensor } from "./inputTensor";
import type { Pipeline } from "./pipeline";
import { atIndex, type EncodedPicture } from "./request";

export interface PredictorLimits {
  /** Bound on a picture's width x height. */
  readonly maxPixels: number;
  /** Bound on the pictures, or rows of a tensor, of one request. */
  readonly maxImagesPerRequest: number;
}

/** The bytes of a whole JPEG or PNG, in one piece or in the pieces in which they arrived. They must not be changed before the answer. */
export type PictureBytes = Uint8Array | readonly Uint8Array[];

/** The one way from pictures to answers; every protocol is an adapter over it. */
export class Predictor {
  /** @param whyNot what stands in the way of scoring now, such as that no lane is open and warm; undefined if nothing does */
  constructor(
    readonly model: ModelPackage,
    private readonly pipeline: Pipeline,
    private readonly limits: PredictorLimits,
    private readonly whyNot: () => ScoringError | undefined,
  ) {}

  /** False while no lane is open and warm: every call would fail with NOT_READY. */
  get isReady(): boolean {
    return this.whyNot() === undefined;
  }

  /**
   * Scores the pictures of one request; threads decode and lanes run them at the same time. What headers tell is checked before anything may
   * wait in a queue. If one is bad the request fails.
   * @param form how the answer is to be written
   * @throws ScoringError NOT_READY; INVALID_REQUEST when there are none or too many; as `readImageHeader` and `Pipeline.submit`, naming the
   * index of the first bad one of several
   */
  async predictPictures(
    pictures: readonly PictureBytes[],
    form: AnswerForm,
    context: CallContext,
  ): Promise<Answer> {
    this.#checkReady();
    this.#checkCount(pictures.length);
    const encoded = pictures.map((picture, i) => {
      try {
        return this.#encoded(picture);
      } catch (error) {
        throw atIndex(error as ScoringError, i, pictures.length);
      }
    });
    return this.pipeline.submit(encoded, form, context);
  }

  /**
   * Runs the model on a tensor that the caller has prepared, without any imaging; its rows may share runs with other requests.
   * @param tensor of the input's dtype and shape, [n, ...]
   * @param form how the answer is to be written
   * @throws ScoringError INVALID_REQUEST naming dtype or shape; NOT_READY, or as `Pipeline.submit`
   */
  async predictTensor(
    tensor: InputTensor,
    form: AnswerForm,
    context: CallContext,
  ): Promise<Answer> {
    this.#checkReady();
    const count = checkInputTensor(tensor, this.model.input);
    this.#checkCount(count);
    const indices = Array.from({ length: count }, (_, i) => i);
    const rows = await mapInTurns(indices, (i) => ({ values: rowOf(tensor, i, count) }));
    return this.pipeline.submit(rows, form, context);
  }

  #encoded(picture: PictureBytes): EncodedPicture {
    const parts = picture instanceof Uint8Array ? [picture] : picture;
    try {
      return { header: this.#headerOf(parts[0] as Uint8Array), parts };
    } catch (error) {
      if (parts.length < 2) throw error;
      // The header may go on in the next piece; few do.
      const whole = Buffer.concat(parts);
      return { header: this.#headerOf(whole), parts: [whole] };
    }
  }

  #headerOf(bytes: Uint8Array): ImageHeader {
    return readImageHeader(bytes, this.limits.maxPixels);
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
