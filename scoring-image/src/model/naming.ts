import { ScoringError } from "../errors";
import type { ModelPackage } from "./modelPackage";
import type { ModelInput, ModelOutput } from "./modelTensors";

type Named = Pick<ModelInput, "name" | "aliases">;

/** A name of TensorFlow's graphs, such as `Placeholder:0`; keys of signatures have no colon and number. */
const isGraphName = (name: string) => /:\d+$/.test(name);

const namesOf = ({ name, aliases }: Named) => [name, ...aliases];

/** The name under which a signature lists a tensor: its first alias that is not a graph name, else its own name. */
export const signatureKey = ({ name, aliases }: Named): string =>
  aliases.find((alias) => !isGraphName(alias)) ?? name;

/** An output and the name that this caller knows it by. */
export interface NamedOutput {
  readonly output: ModelOutput;
  readonly name: string;
}

const list = (tensors: readonly Named[]) => tensors.flatMap(namesOf).join(", ");

/**
 * The model's input by its name or one of its aliases.
 * @throws ScoringError INVALID_REQUEST naming what there is
 */
export function findInput({ input }: ModelPackage, name: string): ModelInput {
  if (namesOf(input).includes(name)) return input;
  const message = `There is no input "${name}"; the model takes one, called ${namesOf(input).join(" or ")}.`;
  throw new ScoringError("INVALID_REQUEST", message);
}

/**
 * An output by its name or one of its aliases.
 * @throws ScoringError INVALID_REQUEST naming what there is
 */
export function findOutput({ outputs }: ModelPackage, name: string): ModelOutput {
  const output = outputs.find((candidate) => namesOf(candidate).includes(name));
  if (output) return output;
  const message = `output tensor alias not found in signature: ${name} Outputs expected to be in the set {${list(outputs)}}.`;
  throw new ScoringError("INVALID_REQUEST", message);
}

/**
 * Logits asked for by an alias are answered as probabilities, since the aliases are the names that clients of classifiers with a softmax
 * inside know; by the tensor's own name they are answered as the graph computes them.
 */
export const wantsProbabilities = ({ output, name }: NamedOutput): boolean =>
  output.kind === "logits" && name !== output.name;

/**
 * What to answer, and under which names. Clients of two naming worlds call the same service: those that send a signature's key (`images`) read
 * a signature's key (`output_alias`), those that send a graph's tensor name (`Placeholder:0`) read one.
 * @param inputName the input as the caller named it
 * @param filter the outputs that the caller asked for; none for all
 * @throws ScoringError INVALID_REQUEST when the filter names an unknown output, or one twice
 */
export function selectOutputs(
  model: ModelPackage,
  inputName: string,
  filter: readonly string[] = [],
): NamedOutput[] {
  if (filter.length === 0) {
    return model.outputs.map((output) => ({
      output,
      name: replyName(model.input, inputName, output),
    }));
  }
  return filter.map((name, i) => {
    if (filter.indexOf(name) !== i) {
      throw new ScoringError("INVALID_REQUEST", `duplicate output tensor alias: ${name}`);
    }
    return { output: findOutput(model, name), name };
  });
}

function replyName(input: ModelInput, inputName: string, output: ModelOutput): string {
  if (inputName === signatureKey(input)) return signatureKey(output);
  if (isGraphName(inputName)) return namesOf(output).find(isGraphName) ?? signatureKey(output);
  return inputName === input.name ? output.name : signatureKey(output);
}
