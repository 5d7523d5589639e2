import { once } from "node:events";
import { availableParallelism } from "node:os";
import { Worker } from "node:worker_threads";
import { planFor } from "../src/inference/plan";
import type { RuntimeHost } from "../src/inference/runtimes/host";
import type { LaneHandle } from "../src/inference/runtimes/onnxRuntime/laneHandle";
import { openOnnxHost } from "../src/inference/runtimes/onnxRuntime/host";
import type { OnnxRuntimePlan } from "../src/inference/runtimes/onnxRuntime/onnxRuntimePlan";
import type { ModelPackage } from "../src/model/modelPackage";
import type { FloorPart, FloorSetUp, LoopOrder } from "./floorWorker";
import { cpuMsSince, summarise, type Summary } from "./stats";

/** How many lanes run side by side, each with how many threads. */
export interface Layout {
  readonly lanes: number;
  readonly threads: number;
}

/** Every layout that fills the cores: 1 x n, 2 x n/2, ... n x 1. */
export function fillingLayouts(cores = availableParallelism()): Layout[] {
  return Array.from({ length: cores }, (_, i) => i + 1)
    .filter((lanes) => cores % lanes === 0)
    .map((lanes) => ({ lanes, threads: cores / lanes }));
}

/** Figures of a loop in this process, with its CPU time for each image in milliseconds. */
export interface FloorSummary extends Summary {
  readonly cpuMsPerImage: number;
}

/** What decoding and ONNX Runtime can do on this machine with nothing around them: bare loops over one session, as the product's lanes share one. */
export class Floor {
  private constructor(
    private readonly host: RuntimeHost,
    private readonly workers: readonly Worker[],
    /** `lanes x threads` */
    readonly name: string,
  ) {}

  /** Opens and warms the lanes of a layout. @param entry path of the bundled `floorWorker.js` */
  static async open(
    entry: string,
    model: ModelPackage,
    photograph: string,
    { lanes, threads }: Layout,
  ): Promise<Floor> {
    const plan = planFor(model, {
      ...{ executionProvider: "cpu", threadsPerLane: threads, maxQueueWaitMs: 0 },
      ...{ batchSizes: { sizes: [1], isDefault: true } },
      ...{ gpuMemoryLimit: undefined, engineCacheDir: "" },
    });
    const host = await openOnnxHost(plan.runtime as OnnxRuntimePlan);
    const workers = Array.from({ length: lanes }, (_, i) => {
      const lane = host.handleOf(i) as LaneHandle;
      return new Worker(entry, { workerData: { plan, lane, photograph } satisfies FloorSetUp });
    });
    await Promise.all(workers.map((worker) => once(worker, "message")));
    return new Floor(host, workers, `${lanes} x ${threads}`);
  }

  /** Lets every lane loop on its own. */
  async run(part: FloorPart, seconds: number): Promise<FloorSummary> {
    const cpu = process.cpuUsage();
    const started = performance.now();
    const loops = this.workers.map(async (worker) => {
      worker.postMessage({ part, seconds } satisfies LoopOrder);
      const [latencies] = (await once(worker, "message")) as [number[]];
      return latencies;
    });
    const latencies = (await Promise.all(loops)).flat();
    const summary = summarise(latencies, performance.now() - started);
    return { ...summary, cpuMsPerImage: cpuMsSince(cpu) / latencies.length };
  }

  async close(): Promise<void> {
    await Promise.all(this.workers.map((worker) => worker.terminate()));
    await this.host.close();
  }
}
