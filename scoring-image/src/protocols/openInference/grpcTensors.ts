import { ScoringError } from "../../errors";
import type { TensorValues } from "../../inference/tensors";
import { contentsFields, type Datatype } from "../../proto/datatypes";
import { readBinary, refuse, refuseDatatype, writeBinary } from "./datatypes";
import type { InferInput, InferOutput, InputData } from "./messages";

/** The parameters of a request or tensor as they arrive; each has one of its fields. */
export type Parameters = Readonly<
  Record<string, { readonly int64_param?: number; readonly uint64_param?: number }>
>;

/** `InferInputTensor` as it arrives. */
export interface WireInput {
  readonly name: string;
  readonly datatype: string;
  readonly shape: readonly number[];
  readonly contents: Contents | null;
  readonly parameters: Parameters;
}

/** `InferTensorContents` as it arrives: every list is there, most of them empty. */
interface Contents {
  readonly uint_contents: readonly number[];
  readonly fp32_contents: readonly number[];
  readonly bytes_contents: readonly Buffer[];
}

/**
 * Reads the inputs of a ModelInferRequest, from `raw_input_contents` where it is used and from their own `contents` otherwise.
 * @throws ScoringError INVALID_REQUEST when both are used, or data is missing or of another type
 */
export function readInputs(inputs: readonly WireInput[], raw: readonly Uint8Array[]): InferInput[] {
  if (raw.length > 0 && raw.length !== inputs.length) {
    const message = `raw_input_contents has ${raw.length} entries for ${inputs.length} inputs.`;
    throw new ScoringError("INVALID_REQUEST", message);
  }
  return inputs.map((input, i) => {
    const { name, datatype, shape, contents } = input;
    const bytes = raw[i];
    if (bytes && hasContents(contents)) {
      refuse(name, "has contents beside raw_input_contents; use one of them");
    }
    return {
      name,
      shape,
      data: bytes ? readBinary(name, datatype, bytes) : readContents(input),
    };
  });
}

const hasContents = (contents: Contents | null) =>
  contents !== null && Object.values(contents).some((list) => (list as unknown[]).length > 0);

function readContents({ name, datatype, contents }: WireInput): InputData {
  if (!contents) refuse(name, "has neither contents nor raw_input_contents");
  const filled = Object.entries(contents)
    .filter(([, list]) => (list as unknown[]).length > 0)
    .map(([field]) => field);
  const field = contentsFields[datatype as Datatype];
  if (filled.some((other) => other !== field)) {
    refuse(name, `has the datatype ${datatype.slice(0, 20)} and ${filled.join(", ")}`);
  }
  const { uint_contents: bytes, fp32_contents: floats, bytes_contents } = contents;
  switch (datatype) {
    case "BYTES":
      return { datatype, elements: bytes_contents };
    case "FP32":
      return { datatype, values: Float32Array.from(floats) };
    case "UINT8":
      if (bytes.some((value) => value > 255)) refuse(name, "has a value above 255");
      return { datatype, values: Uint8Array.from(bytes) };
    default:
      return refuseDatatype(name, datatype);
  }
}

/** The outputs of a ModelInferResponse, in the form in which the request had its inputs. */
export function writeOutputs(outputs: readonly InferOutput[], isRaw: boolean) {
  return {
    outputs: outputs.map(({ name, datatype, shape, data }) => ({
      name,
      datatype,
      shape,
      ...(isRaw ? {} : { contents: { [contentsFields[datatype]]: valuesOf(data) } }),
    })),
    raw_output_contents: isRaw ? outputs.map(writeBinary) : [],
  };
}

const valuesOf = (data: InferOutput["data"]): unknown[] =>
  Array.isArray(data)
    ? (data as readonly string[]).map((text) => Buffer.from(text))
    : Array.from(data as Exclude<TensorValues, BigInt64Array>, Number);
