import { ScoringError } from "../errors";
import { readImageHeader } from "../imaging/header";
import type { ModelPackage } from "../model/modelPackage";
import type { Batcher, CallContext, Inference } from "./batcher";

/** The one way from a picture to a model's outputs; every protocol is an adapter over it. */
export class Predictor {
  /**
   * @param maxPixels bound on a picture's width x height
   * @param canScore false while no session worker is open and warm
   */
  constructor(
    readonly model: ModelPackage,
    private readonly batcher: Batcher,
    private readonly maxPixels: number,
    private readonly canScore: () => boolean,
  ) {}

  /**
   * Scores one picture. What its header tells is checked before it may wait in the queue.
   * @param bytes a whole JPEG or PNG; the buffer behind it is moved to a worker if it holds nothing else, and copied otherwise
   * @throws ScoringError NOT_READY, or as `readImageHeader` and `Batcher.submit`
   */
  async predictImage(bytes: Uint8Array<ArrayBuffer>, context: CallContext): Promise<Inference> {
    if (!this.canScore()) throw new ScoringError("NOT_READY", "The model is still being loaded.");
    const header = readImageHeader(bytes, this.maxPixels);
    const ownsBuffer = bytes.byteLength === bytes.buffer.byteLength;
    return this.batcher.submit({ bytes: ownsBuffer ? bytes : bytes.slice(), header }, context);
  }
}
