/**
 * ONNX Runtime gives to the CPU, without a word, every operator that the provider asked for cannot run. Its profile of a run tells where each
 * operator really ran: https://onnxruntime.ai/docs/performance/tune-performance/profiling-tools.html
 */

/** Execution providers that can be asked for (EXECUTION_PROVIDER). */
export const executionProviders = ["cpu", "cuda", "tensorrt"] as const;
export type ExecutionProvider = (typeof executionProviders)[number];

interface ProfileEvent {
  readonly cat: string;
  readonly args?: { readonly provider?: string; readonly op_name?: string };
}

/** Operators that carry a model's work; shape arithmetic and the like may stay on the CPU. */
const heavy = /Conv|Gemm|MatMul|LSTM|GRU|Attention/;

const names: Readonly<Record<ExecutionProvider, string>> = {
  cpu: "CPUExecutionProvider",
  cuda: "CUDAExecutionProvider",
  tensorrt: "TensorrtExecutionProvider",
};

/**
 * Says why a run did not happen where it was asked for.
 * @param profile content of ONNX Runtime's profile file of at least one run
 * @returns undefined when all heavy operators ran there
 */
export function fallbackOf(profile: string, provider: ExecutionProvider): string | undefined {
  const events = (JSON.parse(profile) as ProfileEvent[]).filter(({ args }) => args?.provider);
  const elsewhere = events.filter(({ args }) => args?.provider !== names[provider]);
  if (events.length === elsewhere.length) return `none of its operators ran on ${provider}`;
  const strayed = new Set(
    elsewhere.flatMap(({ args }) => (heavy.test(args?.op_name ?? "") ? [args?.op_name] : [])),
  );
  if (strayed.size === 0) return undefined;
  return `operators that ${provider} cannot run fell back to the CPU: ${[...strayed].join(", ")}`;
}
