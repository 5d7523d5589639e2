import type { Renderers } from "../inference/threads/finisher";
import { tensorRenderers } from "../scripting/tensors";
import { renderScores, scoresForm } from "./azureml/answer";
import { openInferenceRenderers } from "./openInference/answer";
import { grpcRenderers } from "./tensorflow/grpcAnswer";
import { restRenderers } from "./tensorflow/restAnswer";

/** Every form of answers, by its name: what the threads that finish answers know of the protocols. */
export const renderers: Renderers = {
  [scoresForm]: renderScores,
  ...restRenderers,
  ...grpcRenderers,
  ...openInferenceRenderers,
  ...tensorRenderers,
};
