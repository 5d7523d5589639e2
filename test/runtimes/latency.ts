import { quantile } from "../../scoring-image/bench/stats";
import { OpenInferenceBackend } from "../../scoring-image/src/inference/backends/openInference/openInferenceBackend";
import { planFor } from "../../scoring-image/src/inference/sessionPlan";
import { readModelPackage } from "../../scoring-image/src/model/modelPackage";
import { bundledModel } from "../support/paths";

/** Milliseconds of a run. */
export interface Latency {
  readonly p50: number;
  readonly p95: number;
}

const rounds = { warmUp: 300, measured: 1500 } as const;

/**
 * What a runtime adds: the time of `run` with a tensor of 1 x 3 x 224 x 224 float32 (602,112 bytes), one after the other, against a runtime in
 * another process that answers at once. In process, a model that answers at once takes no time at all.
 */
export async function addedLatency(address: string): Promise<Latency> {
  const plan = planFor(readModelPackage(bundledModel), {
    runtime: { address, model: "instant" },
    ...{ executionProvider: "cpu", threadsPerInstance: 1, maxBatchSize: 1, maxQueueWaitMs: 60_000 },
  });
  if (plan.backend.kind !== "openInference") throw new Error("the plan has no runtime");
  const backend = new OpenInferenceBackend(plan, plan.backend);
  await new Promise<void>((resolve) =>
    backend.watch((availability) => {
      if ("graph" in availability) resolve();
    }),
  );
  const tensor = new Float32Array(3 * 224 * 224).fill(0.5);
  const patience = { timeoutMs: 60_000, signal: new AbortController().signal };
  const times: number[] = [];
  for (let i = -rounds.warmUp; i < rounds.measured; i++) {
    const started = performance.now();
    await backend.run(tensor, 1, patience);
    if (i >= 0) times.push(performance.now() - started);
  }
  backend.close();
  return { p50: quantile(times, 0.5), p95: quantile(times, 0.95) };
}
