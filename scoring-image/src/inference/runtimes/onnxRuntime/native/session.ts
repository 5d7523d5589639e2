import { NativeMemory } from "./nativeMemory";
import { logFatal, type OnnxRuntime } from "./onnxRuntime";

/**
 * Options of one execution provider, by the names that ONNX Runtime's documentation has for them.
 */
export interface ProviderOptions {
  readonly provider: "CUDA" | "TensorRT";
  readonly options: Readonly<Record<string, string>>;
  /** A `cudaStream_t` that all work of the session goes to. */
  readonly stream: bigint;
}

/** How a session is opened. */
export interface SessionRequest {
  /** Path of an ONNX file, or the file's bytes. */
  readonly model: string | Uint8Array;
  /** Size of the session's own pool of threads; 1 runs everything on the calling thread. */
  readonly threads: number;
  /** In the order of preference; the CPU comes behind them by itself. */
  readonly providers: readonly ProviderOptions[];
  /** Where to write a profile, as the beginning of a path; undefined for none. */
  readonly profilePrefix?: string | undefined;
}

/**
 * Spinning is off because a busy-waiting pool starves decoding and the event loop for tens of
 * milliseconds after every run.
 */
const configuration = {
  "session.intra_op.allow_spinning": "0",
  "session.inter_op.allow_spinning": "0",
} as const;

/** `ORT_ENABLE_ALL` */
const optimiseAll = 99;

/**
 * The environment that sessions need, telemetry off: users of a scoring service did not ask for it.
 * The process has one.
 * @throws Error with ONNX Runtime's message
 */
export function openEnvironment(runtime: OnnxRuntime, memory: NativeMemory): bigint {
  const { call } = runtime;
  const environment = runtime.make(memory, "ReleaseEnv", (out) =>
    call.CreateEnv(logFatal, "scoring", out),
  );
  runtime.check(call.DisableTelemetryEvents(environment));
  return environment;
}

/**
 * Opens a session in a thread of koffi's; `memory` then owns it.
 * @throws Error why ONNX Runtime refused the model or the provider
 */
export async function openSession(
  runtime: OnnxRuntime,
  memory: NativeMemory,
  environment: bigint,
  request: SessionRequest,
): Promise<bigint> {
  const { call } = runtime;
  const whileOpening = new NativeMemory();
  try {
    const options = sessionOptions(runtime, whileOpening, request);
    const { model } = request;
    const out = new BigUint64Array(1);
    if (typeof model === "string") {
      await runtime.apart("CreateSession", environment, model, options, out);
    } else {
      const bytes = model.byteLength;
      await runtime.apart("CreateSessionFromArray", environment, model, bytes, options, out);
    }
    return memory.adopt(out[0] as bigint, (session) => call.ReleaseSession(session));
  } finally {
    whileOpening.free();
  }
}

function sessionOptions(
  runtime: OnnxRuntime,
  memory: NativeMemory,
  { threads, providers, profilePrefix }: SessionRequest,
): bigint {
  const { call } = runtime;
  const options = runtime.make(memory, "ReleaseSessionOptions", (out) =>
    call.CreateSessionOptions(out),
  );
  runtime.check(call.SetSessionGraphOptimizationLevel(options, optimiseAll));
  runtime.check(call.SetIntraOpNumThreads(options, threads));
  runtime.check(call.SetInterOpNumThreads(options, 1));
  runtime.check(call.SetSessionLogSeverityLevel(options, logFatal));
  for (const [key, value] of Object.entries(configuration)) {
    runtime.check(call.AddSessionConfigEntry(options, key, value));
  }
  if (profilePrefix !== undefined) runtime.check(call.EnableProfiling(options, profilePrefix));
  for (const provider of providers) appendProvider(runtime, memory, options, provider);
  return options;
}

function appendProvider(
  runtime: OnnxRuntime,
  memory: NativeMemory,
  sessionOptions: bigint,
  { provider, options, stream }: ProviderOptions,
): void {
  const { call } = runtime;
  const made = runtime.make(memory, `Release${provider}ProviderOptions`, (out) =>
    call[`Create${provider}ProviderOptions`](out),
  );
  const keys = memory.texts(Object.keys(options));
  const values = memory.texts(Object.values(options));
  const count = Object.keys(options).length;
  runtime.check(call[`Update${provider}ProviderOptions`](made, keys, values, count));
  runtime.check(
    call[`Update${provider}ProviderOptionsWithValue`](made, "user_compute_stream", stream),
  );
  runtime.check(call[`SessionOptionsAppendExecutionProvider_${provider}_V2`](sessionOptions, made));
}
