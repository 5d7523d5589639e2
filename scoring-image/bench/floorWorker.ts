/** One instance of the floor: the product's own decoding and preset code plus `session.run`, looping in a thread with nothing around it. */
import { readFileSync } from "node:fs";
import { parentPort, workerData } from "node:worker_threads";
import { decodeImage } from "../src/imaging/decode";
import { readImageHeader } from "../src/imaging/header";
import { Resampler } from "../src/imaging/resampler";
import { valuesPerImage } from "../src/imaging/tensorWriter";
import { openBackend } from "../src/inference/backends/backend";
import type { SessionPlan } from "../src/inference/sessionPlan";

/** Message to the worker: loop for so long. The answer is the latency of every call in milliseconds. */
export interface LoopOrder {
  readonly seconds: number;
}

export interface FloorPlan {
  readonly plan: SessionPlan;
  readonly photograph: string;
}

async function main(): Promise<void> {
  const { plan, photograph } = workerData as FloorPlan;
  const backend = await openBackend(plan);
  const patience = { timeoutMs: Infinity, signal: new AbortController().signal };
  const bytes = readFileSync(photograph);
  const resampler = new Resampler(plan.transform);
  const Values = plan.input.dtype === "uint8" ? Uint8Array : Float32Array;
  const batch = new Values(valuesPerImage(plan.transform));
  const score = async () => {
    const pixels = await decodeImage(bytes, readImageHeader(bytes, 1e9), (size) =>
      resampler.pixelBuffer(size),
    );
    batch.set(resampler.resample(pixels));
    await backend.run(batch, 1, patience);
  };
  for (let i = 0; i < 10; i++) await score();
  parentPort?.on("message", ({ seconds }: LoopOrder) => {
    void loop(score, seconds).then((latencies) => parentPort?.postMessage(latencies));
  });
  parentPort?.postMessage("ready");
}

async function loop(score: () => Promise<void>, seconds: number): Promise<number[]> {
  const latencies: number[] = [];
  const end = performance.now() + seconds * 1000;
  let before = performance.now();
  while (before < end) {
    await score();
    const after = performance.now();
    latencies.push(after - before);
    before = after;
  }
  return latencies;
}

void main();
