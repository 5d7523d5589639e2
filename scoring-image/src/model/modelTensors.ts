import type { ImageTransform } from "../imaging/transform";
import type { Manifest } from "./schema";

/** A dimension of a tensor: a size, or the name of one that may vary, such as the batch's `N`. */
export type Dimension = number | string;

/** The input that takes the picture; [N,3,h,w] or [N,h,w,3] of `dtype`. */
export interface ModelInput {
  readonly name: string;
  readonly aliases: readonly string[];
  readonly dtype: "float32" | "uint8";
  readonly shape: readonly Dimension[];
  readonly transform: ImageTransform;
}

/** One output tensor; the first dimension is the batch. */
export interface ModelOutput {
  readonly name: string;
  readonly aliases: readonly string[];
  readonly dtype: Manifest["outputs"][number]["dtype"];
  readonly shape: readonly Dimension[];
  /** `logits` are turned into probabilities by a softmax over the last dimension when they are scored. */
  readonly kind: "probabilities" | "logits" | "features" | "detections";
  /** Class names by index of the last dimension. */
  readonly labels?: readonly string[];
  /** Not an output of the graph: the server makes it from the others; see `decodedOutputs`. */
  readonly isDecoded?: true;
}
