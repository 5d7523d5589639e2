import { float16Of } from "./float16";
import { elementTypes } from "./native/elements";
import { onnxModel, type Constant, type GraphNode } from "./onnxModel";
import { batchDims, type RowFormat } from "./onnxRuntimePlan";

/** Names of the prefix's input and output. */
export const prefixNames = { input: "rows", output: "declared" } as const;

/** Values that a byte can have. */
const levels = 256;

/** From one layout to the other, as `perm` of Transpose. */
const transpositions = { NCHW: [0, 3, 1, 2], NHWC: [0, 2, 3, 1] } as const;

/**
 * A model that turns rows of pictures into the input that a graph declares, to be run before it on
 * the device. Bytes become values by a table of what `(byte - mean) * scale` is in double
 * precision, rounded once: the same values, bit by bit, that imaging writes when it makes the
 * declared input itself.
 * @param rows bytes as they come from a picture (mean 0, scale 1), or values that are normalised
 * already
 * @param declared the same size and order of channels
 * @returns the bytes of an ONNX model
 * @throws Error when there is no such conversion
 */
export function prefixModel(rows: RowFormat, declared: RowFormat): Uint8Array {
  checkFormats(rows, declared);
  const { steps, constants } = stepsOf(rows, declared);
  const nodes = steps.map(({ operator, before = [], after = [], attributes = {} }, i) => {
    const source = i === 0 ? prefixNames.input : `step${i - 1}`;
    const output = i === steps.length - 1 ? prefixNames.output : `step${i}`;
    return { operator, inputs: [...before, source, ...after], output, attributes };
  });
  const value = (name: string, format: RowFormat) => {
    const [, ...row] = batchDims(format, 1);
    return { name, dtype: format.dtype, dims: ["N", ...row] };
  };
  const inputs = [value(prefixNames.input, rows)];
  const outputs = [value(prefixNames.output, declared)];
  return onnxModel({ nodes, constants, inputs, outputs });
}

/** An operator that takes what the one before it has made, between constants. */
interface Step extends Pick<GraphNode, "operator" | "attributes"> {
  readonly before?: readonly string[];
  readonly after?: readonly string[];
}

function stepsOf(rows: RowFormat, declared: RowFormat) {
  const steps: Step[] = [];
  // First, while values are small: bytes grow to four times their size.
  if (rows.layout !== declared.layout) {
    steps.push({ operator: "Transpose", attributes: { perm: transpositions[declared.layout] } });
  }
  if (rows.dtype === declared.dtype) return { steps, constants: [] };
  if (rows.dtype !== "uint8") {
    steps.push({ operator: "Cast", attributes: { to: elementTypes[declared.dtype] } });
    return { steps, constants: [] };
  }
  const constants = [channelOffsets(declared), valueTable(declared)] as const;
  const [offsets, table] = constants;
  steps.push(
    { operator: "Cast", attributes: { to: elementTypes.int32 } },
    { operator: "Add", after: [offsets.name] },
    { operator: "Gather", before: [table.name] },
  );
  return { steps, constants };
}

/** Where each channel's values begin in the table, in a shape that fits the layout. */
function channelOffsets({ layout }: RowFormat): Constant {
  const dims = layout === "NCHW" ? [3, 1, 1] : [3];
  const bytes = bytesOf(Int32Array.from([0, levels, 2 * levels]));
  return { name: "offsets", dtype: "int32", dims, bytes };
}

/** What each byte becomes, channel by channel in the tensor's order. */
function valueTable({ order, mean, scale, dtype }: RowFormat): Constant {
  const colours = order === "RGB" ? ([0, 1, 2] as const) : ([2, 1, 0] as const);
  const values = colours.flatMap((colour) =>
    Array.from({ length: levels }, (_, byte) => (byte - mean[colour]) * scale[colour]),
  );
  const bytes = bytesOf(dtype === "float16" ? float16Of(values) : Float32Array.from(values));
  return { name: "table", dtype, dims: [3 * levels], bytes };
}

const bytesOf = ({ buffer, byteOffset, byteLength }: ArrayBufferView) =>
  new Uint8Array(buffer, byteOffset, byteLength);

/** @throws Error naming what cannot be converted */
function checkFormats(rows: RowFormat, declared: RowFormat): void {
  const refuse = (what: string) => {
    throw new Error(`rows of pictures cannot become the declared input: ${what}`);
  };
  if (rows.width !== declared.width || rows.height !== declared.height) refuse("other size");
  if (rows.order !== declared.order) refuse("other order of channels");
  if (declared.dtype === "uint8" && rows.dtype !== "uint8") refuse("values are no bytes");
  const isPlain = [...rows.mean, ...rows.scale].join() === "0,0,0,1,1,1";
  if (rows.dtype === "uint8" && !isPlain) refuse("bytes that are normalised");
}
