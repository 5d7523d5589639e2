import type { PictureSize } from "../../imaging/transform";
import type { ModelPackage } from "../../model/modelPackage";
import type { AnswerForm } from "../call";
import { DetectionDecoder } from "../detection/decoder";
import type { OutputTensor } from "../tensors";

/** The outputs of one picture, those that the server makes of a detector's included. */
export interface PictureOutputs {
  readonly outputs: readonly OutputTensor[];
}

/** An answer: bytes, in one piece or several, and what the form says beside them, which JSON can hold. */
export interface Rendered {
  readonly head?: unknown;
  /** The bytes are a text in UTF-8. */
  readonly isText?: true;
  readonly parts: readonly Uint8Array[];
}

/**
 * Writes an answer in one form; pure, as it is called in any thread.
 * @param pictures those of one request, in its order
 * @throws ScoringError INVALID_REQUEST
 */
export type Renderer<Args = never> = (
  model: ModelPackage,
  pictures: readonly PictureOutputs[],
  args: Args,
) => Rendered;

/** By the name of the form. */
export type Renderers = Readonly<Record<string, Renderer>>;

/** Makes answers of outputs: boxes of a detector's heads, then what the form of the answer does. */
export class Finisher {
  readonly #decoder: DetectionDecoder | undefined;

  constructor(
    private readonly model: ModelPackage,
    private readonly renderers: Renderers,
  ) {
    const { detection, input } = model;
    this.#decoder = detection && new DetectionDecoder(detection.plan, input.transform);
  }

  /**
   * @param pictures outputs of the graph, and the picture's size where it was one
   * @throws ScoringError as the form; Error when the outputs are not what model.json says
   */
  finish(
    pictures: readonly { outputs: readonly OutputTensor[]; size?: PictureSize | undefined }[],
    { form, args }: AnswerForm,
  ): Rendered {
    const renderer = this.renderers[form] as Renderer<unknown> | undefined;
    if (!renderer) throw new Error(`there is no form of answers called ${form}`);
    const decoder = this.#decoder;
    const complete = decoder
      ? pictures.map(({ outputs, size }) => ({
          outputs: [...outputs, ...decoder.decodeTensors(outputs, size)],
        }))
      : pictures;
    return renderer(this.model, complete, args);
  }
}
