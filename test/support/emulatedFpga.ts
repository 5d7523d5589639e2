import { rmSync } from "node:fs";
import { setTimeout as delay } from "node:timers/promises";
// The server's packages are not those of the root, where the tests live.
import {
  Server,
  ServerCredentials,
  status,
  type sendUnaryData,
  type ServerUnaryCall,
} from "../../scoring-image/node_modules/@grpc/grpc-js";
import { loadProto, serviceOf } from "../../scoring-image/src/proto/protos";

export interface FpgaOptions {
  /** How long every start takes until the FPGA is programmed, in milliseconds. */
  readonly flashMs?: number;
  /** Where it listens: a free port of this machine unless given. */
  readonly address?: string;
  /** Name of the model in it. */
  readonly model?: string;
  /** What its metadata says of the input, and of other outputs than `mean`. */
  readonly input?: { name: string; datatype: string; shape: number[] };
  readonly outputs?: { name: string; datatype: string; shape: number[] }[];
}

interface InferRequest {
  readonly inputs: readonly { readonly name: string; readonly shape: readonly number[] }[];
  readonly raw_input_contents: readonly Buffer[];
}

type Call<Request = object> = ServerUnaryCall<Request, object>;
type Answer = sendUnaryData<object>;

const side = 8;

/**
 * An accelerator's runtime as far as its behaviour goes: it is programmed for a while after every start and answers UNAVAILABLE meanwhile,
 * it takes exactly one request at a time, whether or not somebody still waits for it, and it can die. Its network is the mean of each colour of
 * an image [n,3,8,8].
 */
export class EmulatedFpga {
  /** How long a request has the FPGA, in milliseconds; it cannot be interrupted. */
  runMs = 0;
  /** Requests that it has answered. */
  answered = 0;
  /** Requests that came while another had the FPGA. */
  overlapping = 0;
  /** Requests whose caller has gone before the answer. */
  cancelled = 0;
  /** What it says of itself as a server, whatever it says of its model. */
  isServerReady = true;
  /** What it answers every request instead of a result. */
  refusal: { readonly code: number; readonly details: string } | undefined;
  /** Whether a request is its death. */
  diesOfRequests = false;
  /** Time that was left to each request when it came, in milliseconds. */
  readonly timesLeft: number[] = [];
  #server: Server | undefined;
  #address: string;
  #isBusy = false;
  #programmedAt = 0;
  #isHanging = false;
  #isSilent = false;

  constructor(private readonly options: FpgaOptions = {}) {
    this.#address = options.address ?? "127.0.0.1:0";
  }

  /** For RUNTIME_ADDRESS. */
  get address(): string {
    return this.#address;
  }

  /** Starts it, and begins to program the FPGA; every start has the same address. */
  async start(flashMs = this.options.flashMs ?? 0): Promise<void> {
    const server = new Server();
    server.addService(
      serviceOf(loadProto("open_inference.proto"), "inference.GRPCInferenceService"),
      {
        ServerLive: (_call: Call, answer: Answer) => this.#tell(answer, { live: true }),
        ServerReady: (_call: Call, answer: Answer) =>
          this.#tell(answer, { ready: this.isServerReady }),
        ModelReady: (_call: Call, answer: Answer) => this.#whenProgrammed(answer, { ready: true }),
        ModelMetadata: (_call: Call, answer: Answer) =>
          this.#whenProgrammed(answer, this.#metadata()),
        ModelInfer: (call: Call<InferRequest>, answer: Answer) => void this.#infer(call, answer),
      },
    );
    const port = await new Promise<number>((resolve, reject) =>
      server.bindAsync(this.#address, ServerCredentials.createInsecure(), (error, bound) =>
        error ? reject(error) : resolve(bound),
      ),
    );
    if (!this.#address.startsWith("unix:")) this.#address = `127.0.0.1:${port}`;
    this.#server = server;
    this.#isBusy = false;
    this.#programmedAt = performance.now() + flashMs;
  }

  /** Breaks all connections off in the middle of whatever they do. */
  die(): void {
    this.#server?.forceShutdown();
    this.#server = undefined;
    if (this.#address.startsWith("unix:")) rmSync(this.#address.slice(5), { force: true });
  }

  /** Takes requests from now on and never answers them. */
  hang(): void {
    this.#isHanging = true;
  }

  /** Keeps its connections and answers nothing any more, questions about health included. */
  fallSilent(): void {
    this.#isHanging = true;
    this.#isSilent = true;
  }

  wake(): void {
    this.#isHanging = false;
    this.#isSilent = false;
  }

  /** Programs the FPGA again without breaking a connection. */
  reprogram(flashMs: number): void {
    this.#programmedAt = performance.now() + flashMs;
  }

  #tell(answer: Answer, message: object): void {
    if (!this.#isSilent) answer(null, message);
  }

  #whenProgrammed(answer: Answer, message: object): void {
    if (performance.now() >= this.#programmedAt) this.#tell(answer, message);
    else answer({ code: status.UNAVAILABLE, details: "The FPGA is being flashed." });
  }

  #metadata(): object {
    const input = { name: "image", datatype: "FP32", shape: [-1, 3, side, side] };
    const mean = { name: "mean", datatype: "FP32", shape: [-1, 3] };
    return {
      name: this.options.model ?? "mean-colour",
      versions: ["1"],
      platform: "emulated",
      inputs: [this.options.input ?? input],
      outputs: this.options.outputs ?? [mean],
    };
  }

  async #infer(call: Call<InferRequest>, answer: Answer): Promise<void> {
    this.timesLeft.push(Number(call.getDeadline()) - Date.now());
    let isAnswered = false;
    // Of an answered call it is told as well.
    call.on("cancelled", () => (this.cancelled += Number(!isAnswered)));
    if (performance.now() < this.#programmedAt) return this.#whenProgrammed(answer, {});
    if (this.#isHanging) return;
    if (this.diesOfRequests) return this.die();
    if (this.refusal) return answer(this.refusal);
    if (this.#isBusy) {
      this.overlapping++;
      answer({ code: status.RESOURCE_EXHAUSTED, details: "The FPGA has a request." });
      return;
    }
    const server = this.#server;
    this.#isBusy = true;
    await delay(this.runMs);
    isAnswered = true;
    // Not that of another life.
    if (this.#server === server) this.#isBusy = false;
    const [bytes] = call.request.raw_input_contents;
    const count = call.request.inputs[0]?.shape[0] ?? 0;
    const name = this.options.outputs?.[0]?.name ?? "mean";
    answer(null, {
      outputs: [{ name, datatype: "FP32", shape: [count, 3] }],
      raw_output_contents: [meansOf(bytes as Buffer)],
    });
    this.answered++;
  }
}

/** float32 means of planes of 8 x 8 float32 values. */
function meansOf(bytes: Buffer): Buffer {
  const plane = side * side;
  const values = new Float32Array(Uint8Array.from(bytes).buffer);
  const means = Float32Array.from({ length: values.length / plane }, (_, i) =>
    values.subarray(i * plane, (i + 1) * plane).reduce((sum, value) => sum + value / plane, 0),
  );
  return Buffer.from(means.buffer);
}
