import { stackOutput } from "../inference/stackOutputs";
import { bytesOf, formOf, tensorsIn, type TensorForm } from "../inference/tensors";
import type { Renderer } from "../inference/threads/finisher";
import type { ScriptTensor } from "./api";

/** The form in which an entry script gets outputs: tensors [n, ...] as the graph computes them. */
export const tensorsForm = "script/tensors";

const renderTensors: Renderer = (model, pictures) => {
  const stacked = model.outputs.map((output) => stackOutput(output, pictures));
  return { head: stacked.map(formOf), parts: bytesOf(stacked) };
};

/** Writes {@link tensorsForm}. */
export const tensorRenderers = { [tensorsForm]: renderTensors } as const;

/** The tensors of an answer in {@link tensorsForm}, by name, in memory of their own. */
export function tensorsOf(head: unknown, body: Buffer): Record<string, ScriptTensor> {
  // A view must begin at a multiple of its element's size.
  const own = new Uint8Array(body);
  const tensors = tensorsIn(head as TensorForm[], own);
  return Object.fromEntries(tensors.map(({ name, dims, data }) => [name, { dims, data }]));
}
