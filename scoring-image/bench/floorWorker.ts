/** One lane of the floor: the product's own decoding and runtime in a thread, looping with nothing around them. */
import { readFileSync } from "node:fs";
import { parentPort, workerData } from "node:worker_threads";
import { readImageHeader } from "../src/imaging/header";
import type { InferencePlan } from "../src/inference/plan";
import type { LaneHandle } from "../src/inference/runtimes/onnxRuntime/laneHandle";
import { openLane } from "../src/inference/runtimes/onnxRuntime/laneRuntime";
import { PictureDecoder } from "../src/inference/threads/pictureDecoder";
import { warmUpRun } from "../src/inference/threads/orders";

/** What is looped: a picture from its bytes to its outputs, or one half of that. */
export type FloorPart = "decode" | "run" | "decode + run";

/** Message to the worker: loop for so long. The answer is the latency of every call in milliseconds. */
export interface LoopOrder {
  readonly part: FloorPart;
  readonly seconds: number;
}

/** What the worker is started with. */
export interface FloorSetUp {
  readonly plan: InferencePlan;
  /** Lane of the session that all workers share. */
  readonly lane: LaneHandle;
  readonly photograph: string;
}

const patience = { timeoutMs: 1e6, signal: new AbortController().signal, id: warmUpRun };

type Step = () => Promise<void> | void;

async function main(): Promise<void> {
  const { plan, lane, photograph } = workerData as FloorSetUp;
  const runtime = openLane(lane);
  runtime.warmUp();
  const decoder = new PictureDecoder(plan.rows);
  const bytes = readFileSync(photograph);
  const decode = async () => (await decoder.decode(bytes, readImageHeader(bytes, 1e9))).data;
  const ready = (await decode()).slice();
  const parts: Readonly<Record<FloorPart, Step>> = {
    decode: async () => void (await decode()),
    run: () => void runtime.run([{ data: ready, from: "picture" }], patience),
    "decode + run": async () =>
      void runtime.run([{ data: await decode(), from: "picture" }], patience),
  };
  for (let i = 0; i < 10; i++) await parts["decode + run"]();
  parentPort?.on("message", ({ part, seconds }: LoopOrder) => {
    void loop(parts[part], seconds).then((latencies) => parentPort?.postMessage(latencies));
  });
  parentPort?.postMessage("ready");
}

async function loop(step: Step, seconds: number): Promise<number[]> {
  const latencies: number[] = [];
  const end = performance.now() + seconds * 1000;
  let before = performance.now();
  while (before < end) {
    await step();
    const after = performance.now();
    latencies.push(after - before);
    before = after;
  }
  return latencies;
}

void main();
