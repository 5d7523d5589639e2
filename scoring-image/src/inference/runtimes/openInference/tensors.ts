import type { ImageTransform } from "../../../imaging/transform";
import { contentsFields, datatypes, type TensorDtype } from "../../../proto/datatypes";
import { valueArrays, type OutputTensor, type TensorValues } from "../../tensors";
import type { BatchRow } from "../runtime";
import type { InferOutputTensor, ModelInferRequest, ModelInferResponse } from "./messages";
import type { OpenInferencePlan, PlannedTensor } from "./plan";
import type { RuntimeModel } from "./runtimeModel";

/** Makes the request for a batch, padded with zeros to `size` rows. */
export function writeRequest(
  plan: OpenInferencePlan,
  { names }: RuntimeModel,
  rows: readonly BatchRow[],
  size: number,
): Omit<ModelInferRequest, "model_name"> {
  const { input, outputs, transform } = plan;
  return {
    inputs: [
      {
        name: names.inputs[input.name] as string,
        datatype: datatypes[input.dtype],
        shape: batchDims(transform, size),
      },
    ],
    outputs: outputs.map(({ name }) => ({ name: names.outputs[name] as string })),
    raw_input_contents: [joined(rows, size)],
  };
}

/** Shape of a batch tensor: [count, 3, height, width] or [count, height, width, 3]. */
const batchDims = ({ height, width, layout }: ImageTransform, count: number): readonly number[] =>
  layout === "NCHW" ? [count, 3, height, width] : [count, height, width, 3];

/** The rows' bytes in one piece; a batch of one is viewed, since grpc-js copies it once into the message anyway. */
function joined(rows: readonly BatchRow[], size: number): Buffer {
  const bytes = rows.map(({ data }) => Buffer.from(data.buffer, data.byteOffset, data.byteLength));
  const [first] = bytes as [Buffer];
  if (size === 1) return first;
  const batch = Buffer.alloc(size * first.length);
  bytes.forEach((row, i) => batch.set(row, i * first.length));
  return batch;
}

/**
 * Cuts an output of a batch into one tensor a picture.
 * @param dims shape of the whole output
 * @throws Error when it has not one row a picture
 */
function splitBatch(
  name: string,
  [batch, ...rest]: readonly number[],
  values: TensorValues,
  count: number,
): OutputTensor[] {
  if (batch !== count) {
    throw new Error(`output ${name} has ${batch} rows for ${count} pictures`);
  }
  const length = values.length / count;
  return Array.from({ length: count }, (_, i) => ({
    name,
    dims: [1, ...rest],
    data: values.subarray(i * length, (i + 1) * length),
  }));
}

/**
 * Reads a batch's outputs; every machine that this server runs on is little-endian, as the protocol is.
 * @returns for each picture its outputs in the plan's order
 * @throws Error when an output is missing, or of another dtype or shape than model.json says
 */
export function readResponse(
  plan: OpenInferencePlan,
  { names }: RuntimeModel,
  response: ModelInferResponse,
  count: number,
): OutputTensor[][] {
  const split = plan.outputs.map((output) => {
    const called = names.outputs[output.name] as string;
    const at = response.outputs.findIndex(({ name }) => name === called);
    const tensor = response.outputs[at];
    if (!tensor) throw new Error(`the runtime did not answer its output "${called}"`);
    checkOutput(output, tensor);
    const raw = response.raw_output_contents[at];
    const values = raw ? fromBytes(output.dtype, raw) : fromContents(output.dtype, tensor);
    const expected = tensor.shape.reduce((product, size) => product * size, 1);
    if (values.length !== expected) {
      const promised = `its shape [${tensor.shape.join(",")}] promises ${expected}`;
      throw new Error(`the runtime's output "${called}" has ${values.length} values, ${promised}`);
    }
    return splitBatch(output.name, tensor.shape, values, count);
  });
  return Array.from({ length: count }, (_, i) => split.map((rows) => rows[i] as OutputTensor));
}

function checkOutput({ dtype, shape }: PlannedTensor, tensor: InferOutputTensor): void {
  const fits =
    tensor.datatype === datatypes[dtype] &&
    tensor.shape.length === shape.length &&
    // The first dimension is the batch.
    shape.every((size, i) => i === 0 || typeof size === "string" || size === tensor.shape[i]);
  if (fits) return;
  const found = `${tensor.datatype} [${tensor.shape.join(",")}]`;
  throw new Error(
    `the runtime's output "${tensor.name}" is ${found}, model.json says ${dtype} [${shape.join(",")}]`,
  );
}

function fromBytes(dtype: TensorDtype, bytes: Buffer): TensorValues {
  const view = valueArrays[dtype];
  if (bytes.length % view.BYTES_PER_ELEMENT !== 0) {
    throw new Error(`the runtime answered ${bytes.length} bytes of ${dtype}`);
  }
  // Copied because a view must begin at a multiple of its element's size.
  return new view(Uint8Array.from(bytes).buffer);
}

function fromContents(dtype: TensorDtype, { contents }: InferOutputTensor): TensorValues {
  const numbers = contents?.[contentsFields[datatypes[dtype]]] ?? [];
  if (dtype === "int64") return BigInt64Array.from(numbers, (value) => BigInt(value));
  return valueArrays[dtype].from(numbers.map(Number));
}
