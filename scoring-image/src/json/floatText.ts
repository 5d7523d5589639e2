import { compileKernels } from "../kernelModule";

/** What `kernels/index.ts` exports; addresses are offsets in `memory`. */
interface KernelExports {
  readonly memory: WebAssembly.Memory;
  powersOfTen(): number;
  allocate(bytes: number): number;
  writeValues(
    values: number,
    first: number,
    count: number,
    sizes: number,
    rank: number,
    form: number,
    out: number,
  ): number;
}

/** Values whose text is made at a time. */
const maxCount = 4096;

/** Nesting that the kernel takes. */
const maxRank = 16;

/** Longest text of a value with its comma, and the brackets that may surround it. */
const bytesPerValue = "-123456790000000000000,".length + 2 * maxRank;

/** Powers of ten that float32 needs, in the order of the kernel's table. */
const [leastPower, greatestPower] = [-31, 45];

/** 10^exponent scaled by a power of two to 2^63 ... 2^64 and rounded up. */
function scaledPower(exponent: number): bigint {
  const power = 10n ** BigInt(Math.abs(exponent));
  const bits = power.toString(2).length;
  if (exponent < 0) return 2n ** BigInt(bits + 63) / power + 1n;
  return bits > 64 ? (power >> BigInt(bits - 64)) + 1n : power << BigInt(64 - bits);
}

/** The kernel with its memory; one a thread. */
class FloatWriter {
  readonly #kernel: KernelExports;
  readonly #values: Float32Array;
  readonly #sizes: Int32Array;
  readonly #text: Buffer;

  constructor() {
    const { exports } = new WebAssembly.Instance(compileKernels("json.wasm"));
    const kernel = (this.#kernel = exports as unknown as KernelExports);
    const values = kernel.allocate(4 * maxCount);
    const sizes = kernel.allocate(4 * maxRank);
    const text = kernel.allocate(bytesPerValue * maxCount);
    // Nothing is allocated any more, so that the memory stays the same.
    const { buffer } = kernel.memory;
    this.#values = new Float32Array(buffer, values, maxCount);
    this.#sizes = new Int32Array(buffer, sizes, maxRank);
    this.#text = Buffer.from(buffer, text, bytesPerValue * maxCount);
    const powers = new BigUint64Array(buffer, kernel.powersOfTen(), greatestPower - leastPower + 1);
    for (let i = 0; i < powers.length; i++) powers[i] = scaledPower(leastPower + i);
  }

  write(dims: readonly number[], data: Float32Array, form: number): Buffer[] {
    let size = 1;
    this.#sizes[0] = size;
    for (let i = 0; i < dims.length; i++) {
      size *= dims[dims.length - 1 - i] as number;
      this.#sizes[i] = size;
    }
    const pieces: Buffer[] = [];
    for (let first = 0; first < data.length; first += maxCount) {
      const values = data.subarray(first, first + maxCount);
      this.#values.set(values);
      pieces.push(this.#piece(first, values.length, dims.length, form));
    }
    return pieces;
  }

  #piece(first: number, count: number, rank: number, form: number): Buffer {
    const { byteOffset: start } = this.#text;
    const { byteOffset: values } = this.#values;
    const { byteOffset: sizes } = this.#sizes;
    const end = this.#kernel.writeValues(values, first, count, sizes, rank, form, start);
    return Buffer.from(this.#text.subarray(0, end - start));
  }
}

let writer: FloatWriter | undefined;

/** Whether `floatText` takes an array of these dimensions: one that is not empty, nested at most 16 deep. */
export const isWritable = (dims: readonly number[], data: Float32Array): boolean =>
  dims.length <= maxRank && data.length > 0;

/**
 * JSON of a float32 tensor as nested arrays; each number has the fewest digits that read back as the same float32, in JavaScript's notation.
 * @param dims nesting of the arrays; none for a single value
 * @param data as many values as `dims` say
 * @param isPlain NaN and infinities become null, and whole numbers have no decimal point
 * @returns pieces of the text in UTF-8
 */
export function floatText(
  dims: readonly number[],
  data: Float32Array,
  isPlain: boolean,
): readonly Buffer[] {
  return (writer ??= new FloatWriter()).write(dims, data, isPlain ? 0 : 1);
}
