import { readFileSync } from "node:fs";
import path from "node:path";
import type { LoopTurns } from "./loopMonitor";
import { HttpClient, probeDuring } from "./load";
import { ServiceProcess } from "./serviceProcess";
import { quantile } from "./stats";

/** Latencies of `GET /` in milliseconds while large JSON comes and goes, waits for a core and for this process included. */
export interface ProbeResult {
  readonly p50: number;
  readonly p99: number;
  readonly max: number;
  readonly probes: number;
  /** The longest turns of the service's event loop. */
  readonly turns: LoopTurns;
}

/** Decoded pictures of a batch, which together are 15 MB of JSON. */
const decoded = 5;

/** Pictures of a batch, whose answer has 1000 values for each. */
const pictures = 32;
const model = "efficientnet-lite0";
const probeIntervalMs = 2;

/**
 * Probes the service while each kind of large JSON is sent or answered, one request at a time. One
 * lane leaves a core to the event loop: what the probes wait for is then the loop, and not a core.
 * @param entry path of the bundled `main.js`; `bench/loopMonitor.js` is beside it
 * @param numbers a decoded picture as TensorFlow Serving's nested lists
 */
export async function measureLargeJson(
  entry: string,
  photograph: string,
  numbers: Buffer,
  calls: number,
): Promise<Readonly<Record<string, ProbeResult>>> {
  const env = { LANES: "1", MAX_QUEUE_WAIT_MS: "10000" };
  const monitor = path.join(path.dirname(entry), "bench", "loopMonitor.js");
  const service = await ServiceProcess.start(entry, env, monitor);
  const http = new HttpClient(service);
  const results: Record<string, ProbeResult> = {};
  for (const [name, path, body] of loads(photograph, numbers)) {
    await http.call("POST", path, body);
    await service.longestTurns();
    const load = (async () => {
      for (let i = 0; i < calls; i++) await http.call("POST", path, body);
    })();
    const seen = await probeDuring(service, probeIntervalMs, load);
    results[name] = {
      p50: quantile(seen, 0.5),
      p99: quantile(seen, 0.99),
      max: Math.max(...seen),
      probes: seen.length,
      turns: await service.longestTurns(),
    };
  }
  http.close();
  await service.stop();
  return results;
}

function loads(photograph: string, numbers: Buffer): [name: string, path: string, body: Buffer][] {
  const b64 = readFileSync(photograph).toString("base64");
  const all = <T>(value: T) => Array.from({ length: pictures }, () => value);
  const { instances } = JSON.parse(numbers.toString()) as { instances: unknown[] };
  const json = (value: object) => Buffer.from(JSON.stringify(value));
  const input = { name: "images", datatype: "BYTES", shape: [pictures] };
  return [
    ["decoded picture as nested numbers", `/v1/models/${model}:predict`, numbers],
    [
      `${decoded} decoded pictures as nested numbers`,
      `/v1/models/${model}:predict`,
      json({ instances: Array(decoded).fill(instances[0]) }),
    ],
    ["TF Serving predict", `/v1/models/${model}:predict`, json({ instances: all({ b64 }) })],
    [
      "TF Serving classify",
      `/v1/models/${model}:classify`,
      json({ examples: all({ images: { b64 } }) }),
    ],
    [
      "Open Inference",
      `/v2/models/${model}/infer`,
      json({ inputs: [{ ...input, parameters: { content_type: "base64" }, data: all(b64) }] }),
    ],
  ];
}
