/**
 * ONNX Runtime gives to the CPU, without a word, every operator that the provider asked for cannot
 * run. Its profile of a run tells where each operator really ran:
 * https://onnxruntime.ai/docs/performance/tune-performance/profiling-tools.html
 */
import type { ExecutionProvider } from "./onnxRuntimePlan";

interface ProfileEvent {
  readonly args?: { readonly provider?: string; readonly op_name?: string };
}

/** Operators that carry a model's work; shape arithmetic and the like may stay on the CPU. */
const heavy = /Conv|Gemm|MatMul|LSTM|GRU|Attention/;

/**
 * Operators whose output's shape is known only when the device has told it: a CUDA graph cannot
 * hold them.
 */
const shapedByData = /^(?:NonMaxSuppression|NonZero|Unique|Compress|If|Loop|Scan)$/;

/** Where operators may run; TensorRT leaves to CUDA what it cannot run itself. */
const names: Readonly<Record<ExecutionProvider, readonly string[]>> = {
  cpu: ["CPUExecutionProvider"],
  cuda: ["CUDAExecutionProvider"],
  tensorrt: ["TensorrtExecutionProvider", "CUDAExecutionProvider"],
};

const eventsOf = (profile: string) =>
  (JSON.parse(profile) as ProfileEvent[]).flatMap(({ args }) => (args?.provider ? [args] : []));

/**
 * Says why a run did not happen where it was asked for.
 * @param profile content of ONNX Runtime's profile file of at least one run
 * @returns undefined when all heavy operators ran there
 */
export function fallbackOf(profile: string, provider: ExecutionProvider): string | undefined {
  const events = eventsOf(profile);
  const [wanted] = names[provider];
  if (!events.some((event) => event.provider === wanted)) {
    return `none of its operators ran on ${provider}`;
  }
  const strayed = events.filter(
    (event) => !names[provider].includes(event.provider ?? "") && heavy.test(event.op_name ?? ""),
  );
  if (strayed.length === 0) return undefined;
  const operators = new Set(strayed.map((event) => event.op_name));
  return `operators that ${provider} cannot run fell back to the CPU: ${[...operators].join(", ")}`;
}

/** True when no operator's output has a shape that depends on data. */
export const hasFixedShapes = (profile: string): boolean =>
  !eventsOf(profile).some((event) => shapedByData.test(event.op_name ?? ""));
