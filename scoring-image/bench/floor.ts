import { once } from "node:events";
import { availableParallelism } from "node:os";
import { Worker } from "node:worker_threads";
import { planFor } from "../src/inference/sessionPlan";
import type { ModelPackage } from "../src/model/modelPackage";
import type { FloorPlan, LoopOrder } from "./floorWorker";
import { summarise, type Summary } from "./stats";

/** How many instances run side by side, each with how many threads. */
export interface Layout {
  readonly instances: number;
  readonly threads: number;
}

/** Every layout that fills the cores: 1 x n, 2 x n/2, ... n x 1. */
export function fillingLayouts(cores = availableParallelism()): Layout[] {
  return Array.from({ length: cores }, (_, i) => i + 1)
    .filter((instances) => cores % instances === 0)
    .map((instances) => ({ instances, threads: cores / instances }));
}

/** What ONNX Runtime can do on this machine with nothing around it but the product's own imaging. */
export class Floor {
  readonly #workers: Worker[];

  private constructor(
    workers: Worker[],
    /** `instances x threads` */
    readonly name: string,
  ) {
    this.#workers = workers;
  }

  /** Opens and warms the instances of a layout. @param entry path of the bundled `floorWorker.js` */
  static async open(
    entry: string,
    model: ModelPackage,
    photograph: string,
    { instances, threads }: Layout,
  ): Promise<Floor> {
    const plan = planFor(model, {
      ...{ executionProvider: "cpu", threadsPerInstance: threads },
      ...{ maxBatchSize: 1, maxQueueWaitMs: 0 },
    });
    const workerData: FloorPlan = { plan, photograph };
    const workers = Array.from({ length: instances }, () => new Worker(entry, { workerData }));
    await Promise.all(workers.map((worker) => once(worker, "message")));
    return new Floor(workers, `${instances} x ${threads}`);
  }

  /** Lets every instance loop on its own. */
  async run(seconds: number): Promise<Summary> {
    const started = performance.now();
    const loops = this.#workers.map(async (worker) => {
      worker.postMessage({ seconds } satisfies LoopOrder);
      const [latencies] = (await once(worker, "message")) as [number[]];
      return latencies;
    });
    const latencies = (await Promise.all(loops)).flat();
    return summarise(latencies, performance.now() - started);
  }

  async close(): Promise<void> {
    await Promise.all(this.#workers.map((worker) => worker.terminate()));
  }
}
