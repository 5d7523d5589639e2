import { Random } from "../../soak/random";
import { float16Of } from "../../src/inference/runtimes/onnxRuntime/float16";
import { elementTypes } from "../../src/inference/runtimes/onnxRuntime/native/elements";
import {
  onnxModel,
  type Constant,
  type GraphNode,
} from "../../src/inference/runtimes/onnxRuntime/onnxModel";

/** Dimensions of a network, and in which format it computes. */
export interface ResNetOptions {
  /** Channels of the first convolution; 64 makes ResNet-50, of which all others are multiples. */
  readonly width: number;
  /** Height and width of the input in pixels. */
  readonly side: number;
  readonly classes: number;
  readonly precision: "float32" | "float16";
  /** The same seed gives the same weights, but for their rounding to the precision. */
  readonly seed: number;
}

/** Names of the graph's input and output. */
export const resNetNames = { input: "images", output: "logits" } as const;

/**
 * Blocks of each stage; a stage has twice the channels of the one before it and, but for the first,
 * half its side.
 */
const blocksOfStages = [3, 4, 6, 3] as const;

/** Channels at the end of a block to those of its 3x3 convolution. */
const expansion = 4;

/**
 * The last convolution of a block is smaller than He's rule says, so that values do not grow with
 * depth: batch norm's work.
 */
const branchGain = 0.5;

/** Different values that the weights of one layer can have. */
const levels = 4096;

/** Makes logits of the order of 1 of the averaged features. */
const logitGain = 0.25;

/**
 * Writes ResNet-50, version 1.5 (a block's stride is in its 3x3 convolution), of
 * https://arxiv.org/abs/1512.03385, with random weights and batch norm folded into them, as the
 * bytes of an ONNX file. Input float32 [N,3,side,side], output logits float32 [N,classes], whatever
 * the precision between them.
 */
export function resNet50(options: ResNetOptions): Uint8Array {
  const { width, side, classes, precision } = options;
  const network = new Network(options);
  const { input, output } = resNetNames;
  let x = network.cast(input, precision);
  x = network.relu(network.conv(x, { from: 3, to: width, kernel: 7, stride: 2 }));
  x = network.add("MaxPool", [x], { kernel_shape: [3, 3], strides: [2, 2], pads: [1, 1, 1, 1] });
  let channels = width;
  blocksOfStages.forEach((blocks, stage) => {
    for (let block = 0; block < blocks; block++) {
      const stride = stage > 0 && block === 0 ? 2 : 1;
      x = bottleneck(network, x, { channels, inner: width * 2 ** stage, stride });
      channels = expansion * width * 2 ** stage;
    }
  });
  x = network.add("Flatten", [network.add("GlobalAveragePool", [x])]);
  const logits = network.linear(x, channels, classes);
  network.cast(logits, "float32", output);
  return onnxModel({
    ...{ nodes: network.nodes, constants: network.constants },
    inputs: [{ name: input, dtype: "float32", dims: ["N", 3, side, side] }],
    outputs: [{ name: output, dtype: "float32", dims: ["N", classes] }],
  });
}

interface Block {
  /** Of what comes in. */
  readonly channels: number;
  /** Of the 3x3 convolution. */
  readonly inner: number;
  readonly stride: number;
}

function bottleneck(network: Network, x: string, { channels, inner, stride }: Block): string {
  const outer = expansion * inner;
  let y = network.relu(network.conv(x, { from: channels, to: inner, kernel: 1 }));
  y = network.relu(network.conv(y, { from: inner, to: inner, kernel: 3, stride }));
  y = network.conv(y, { from: inner, to: outer, kernel: 1, gain: branchGain });
  const isSameShape = channels === outer && stride === 1;
  const shortcut = isSameShape
    ? x
    : network.conv(x, { from: channels, to: outer, kernel: 1, stride, gain: Math.SQRT1_2 });
  return network.relu(network.add("Add", [y, shortcut]));
}

interface Convolution {
  readonly from: number;
  readonly to: number;
  readonly kernel: number;
  readonly stride?: number;
  readonly gain?: number;
}

/**
 * Nodes and weights of a graph while it is put together; each method returns the name of what its
 * node computes.
 */
class Network {
  readonly nodes: GraphNode[] = [];
  readonly constants: Constant[] = [];
  readonly #random: Random;

  constructor(private readonly options: ResNetOptions) {
    this.#random = new Random(options.seed);
  }

  add(
    operator: string,
    inputs: readonly string[],
    attributes: GraphNode["attributes"] = {},
    output = `${operator.toLowerCase()}_${this.nodes.length}`,
  ): string {
    this.nodes.push({ operator, inputs, output, attributes });
    return output;
  }

  relu(x: string): string {
    return this.add("Relu", [x]);
  }

  cast(x: string, to: ResNetOptions["precision"], output?: string): string {
    return this.add("Cast", [x], { to: elementTypes[to] }, output);
  }

  conv(x: string, { from, to, kernel, stride = 1, gain = 1 }: Convolution): string {
    const pad = (kernel - 1) / 2;
    const bound = gain * Math.sqrt(6 / (from * kernel * kernel));
    const weights = this.#constant([to, from, kernel, kernel], bound);
    return this.add("Conv", [x, weights, this.#constant([to], 0.1)], {
      kernel_shape: [kernel, kernel],
      strides: [stride, stride],
      pads: [pad, pad, pad, pad],
    });
  }

  linear(x: string, from: number, to: number): string {
    const weights = this.#constant([to, from], logitGain * Math.sqrt(3 / from));
    return this.add("Gemm", [x, weights, this.#constant([to], 0.1)], { transB: 1 });
  }

  /**
   * Values between -bound and bound, all of `levels` equally likely, so that each is rounded to
   * float16 once. Their variance is a third of the bound's square, which makes it He's with the
   * bounds above.
   */
  #constant(dims: readonly number[], bound: number): string {
    const { precision: dtype } = this.options;
    const even = Array.from({ length: levels }, (_, i) => bound * ((2 * i + 1) / levels - 1));
    const table = dtype === "float16" ? float16Of(even) : Float32Array.from(even);
    const length = dims.reduce((product, size) => product * size, 1);
    const values = dtype === "float16" ? new Uint16Array(length) : new Float32Array(length);
    for (let i = 0; i < length; i++) values[i] = table[this.#random.below(levels)] as number;
    const name = `constant_${this.constants.length}`;
    this.constants.push({ name, dtype, dims, bytes: new Uint8Array(values.buffer) });
    return name;
  }
}
