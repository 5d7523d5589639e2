import { quantile } from "../../scoring-image/bench/stats";
import { planFor } from "../../scoring-image/src/inference/plan";
import { OpenInferenceRuntime } from "../../scoring-image/src/inference/runtimes/openInference/openInferenceRuntime";
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
    ...{ executionProvider: "cpu", threadsPerLane: 1, maxQueueWaitMs: 60_000 },
    ...{
      batchSizes: { sizes: [1], isDefault: true },
      gpuMemoryLimit: undefined,
      engineCacheDir: "",
    },
  }).runtime;
  if (plan.kind !== "openInference") throw new Error("the plan has no runtime");
  const runtime = new OpenInferenceRuntime(plan);
  await new Promise<void>((resolve) =>
    runtime.watch((availability) => {
      if ("graph" in availability) resolve();
    }),
  );
  const tensor = new Float32Array(3 * 224 * 224).fill(0.5);
  const patience = { timeoutMs: 60_000, signal: new AbortController().signal };
  const times: number[] = [];
  for (let i = -rounds.warmUp; i < rounds.measured; i++) {
    const started = performance.now();
    await runtime.run([{ data: tensor, from: "tensor" }], patience);
    if (i >= 0) times.push(performance.now() - started);
  }
  runtime.close();
  return { p50: quantile(times, 0.5), p95: quantile(times, 0.95) };
}
