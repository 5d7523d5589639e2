import { readFileSync } from "node:fs";
import path from "node:path";
import { readImageHeader } from "../src/imaging/header";
import { Pipeline } from "../src/inference/pipeline";
import { planFor } from "../src/inference/plan";
import { openHost } from "../src/inference/runtimes/open";
import { checkGraph } from "../src/model/graph";
import type { ModelPackage } from "../src/model/modelPackage";
import { scoresForm } from "../src/protocols/azureml/answer";
import { loadSettings } from "../src/settings";
import { createLogger } from "../src/telemetry/logger";
import { Metrics } from "../src/telemetry/metrics";
import type { FloorSummary } from "./floor";
import { cpuMsSince, summarise } from "./stats";

const form = { form: scoresForm, args: {} };
const { signal } = new AbortController();

/** The product's stages in this process, without HTTP: from a picture's bytes to the bytes of its answer. */
export class PipelineFloor {
  private constructor(
    private readonly pipeline: Pipeline,
    /** Requests at the same time that keep every lane busy. */
    readonly saturation: number,
  ) {}

  /**
   * Starts the stages as the service would with these variables.
   * @param dist folder of the built bundles
   */
  static async open(
    dist: string,
    model: ModelPackage,
    env: Readonly<Record<string, string>>,
  ): Promise<PipelineFloor> {
    const settings = loadSettings({ AUTH: "none", ...env });
    const pipeline = new Pipeline({
      ...settings,
      ...{ metrics: new Metrics(), logger: createLogger("silent") },
      plan: planFor(model, settings),
      entry: path.join(dist, "stageWorker.js"),
      openHost,
      check: (graph) => checkGraph(model, graph),
      onRestart: () => undefined,
    });
    await pipeline.start();
    return new PipelineFloor(pipeline, 2 * settings.lanes);
  }

  /** @param atOnce requests at the same time, each of which follows the last */
  async run(photograph: string, atOnce: number, seconds: number): Promise<FloorSummary> {
    const bytes = readFileSync(photograph);
    const cpu = process.cpuUsage();
    const started = performance.now();
    const end = started + seconds * 1000;
    const loops = Array.from({ length: atOnce }, async () => {
      const latencies: number[] = [];
      for (let before = performance.now(); before < end;) {
        const picture = { header: readImageHeader(bytes, 1e9), parts: [bytes] };
        await this.pipeline.submit([picture], form, { signal, deadline: before + 60_000 });
        const after = performance.now();
        latencies.push(after - before);
        before = after;
      }
      return latencies;
    });
    const latencies = (await Promise.all(loops)).flat();
    const summary = summarise(latencies, performance.now() - started);
    return { ...summary, cpuMsPerImage: cpuMsSince(cpu) / latencies.length };
  }

  close(): Promise<void> {
    return this.pipeline.close();
  }
}
