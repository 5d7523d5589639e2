import type { Graph } from "../../../model/graph";
import type { DeviceSessions } from "./laneHandle";
import { CudaRuntime } from "./native/cudaRuntime";
import { openSession } from "./native/session";
import { isDeclaredFormat } from "./onnxRuntimePlan";
import type { Opening } from "./opening";
import { prefixModel } from "./prefixModel";
import { probe } from "./probe";
import { cudaOptions, providersOf } from "./providerOptions";
import { Turn } from "./turn";

type SizedSession = DeviceSessions["sessions"][number];

/**
 * Opens a model on the GPU: where it can be captured, one session whose sizes become CUDA graphs;
 * otherwise a session a size, because the CUDA provider pays 100 to 250 ms whenever a session's
 * shape changes. TensorRT has one engine for all sizes.
 * @throws Error when there is no GPU, or the model does not run there
 */
export async function openDeviceSessions(
  opening: Opening,
): Promise<{ sessions: DeviceSessions; graph: Graph }> {
  const { plan, memory } = opening;
  CudaRuntime.waitQuietly();
  const cuda = new CudaRuntime();
  const { free: freeBefore } = cuda.memory();
  const stream = cuda.stream(memory);
  const { graph, hasFixedShapes } = await probe(opening, stream);
  const prefix = isDeclaredFormat(plan) ? undefined : await openPrefix(opening, stream);
  const captured =
    plan.executionProvider === "cuda" && hasFixedShapes
      ? await openCaptured(opening, stream)
      : undefined;
  const sessions = captured ?? (await openUncaptured(opening, stream));
  return {
    graph,
    sessions: {
      ...{ kind: "device", sessions, isCaptured: captured !== undefined },
      ...{ hasFixedShapes, prefix, stream, freeBefore, turn: new Turn().memory },
    },
  };
}

const openPrefix = ({ runtime, memory, environment, plan }: Opening, stream: bigint) =>
  openSession(runtime, memory, environment, {
    ...{ model: prefixModel(plan.rows, plan.transform), threads: 1 },
    providers: [{ provider: "CUDA", options: cudaOptions(plan, false), stream }],
  });

/**
 * @returns undefined when ONNX Runtime refuses to capture the model, as it does when operators are
 * on the CPU
 */
async function openCaptured(opening: Opening, stream: bigint): Promise<SizedSession[] | undefined> {
  try {
    const session = await openModelSession(opening, stream, true);
    return opening.plan.sizes.map((size) => ({ size, session }));
  } catch {
    // The probe has opened the same model; what else may be wrong shows when it is opened again.
    return undefined;
  }
}

async function openUncaptured(opening: Opening, stream: bigint): Promise<SizedSession[]> {
  const { plan } = opening;
  if (plan.executionProvider === "tensorrt") {
    const session = await openModelSession(opening, stream, false);
    return plan.sizes.map((size) => ({ size, session }));
  }
  const sessions: SizedSession[] = [];
  for (const size of plan.sizes) {
    sessions.push({ size, session: await openModelSession(opening, stream, false) });
  }
  return sessions;
}

const openModelSession = (
  { runtime, memory, environment, plan }: Opening,
  stream: bigint,
  isCaptured: boolean,
) =>
  openSession(runtime, memory, environment, {
    ...{ model: plan.modelFile, threads: plan.threads },
    providers: providersOf(plan, stream, isCaptured),
  });
