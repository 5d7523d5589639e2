import { Agent, request, type IncomingMessage } from "node:http";
import { once } from "node:events";
import { text } from "node:stream/consumers";
import { headers, paths } from "../src/contract";
import { headerOf, postBytes, RawClient } from "./rawHttp";
import { cpuMsSince, median, summarise, type Summary } from "./stats";

interface Target {
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
}

/** One client with one kept-alive connection. */
export class HttpClient {
  readonly #agent = new Agent({ keepAlive: true, maxSockets: 1 });

  constructor(private readonly target: Target) {}

  /** @throws Error when the answer is not 200: a bench of errors would be worthless */
  async call(
    method: string,
    path: string,
    body?: Buffer,
    extra: Readonly<Record<string, string>> = {},
  ): Promise<void> {
    const { url, headers: sent } = this.target;
    const length = body ? { "content-length": body.length } : {};
    const call = request(`${url}${path}`, {
      method,
      agent: this.#agent,
      headers: { ...sent, ...length, ...extra },
    });
    call.end(body);
    const [answer] = (await once(call, "response")) as [IncomingMessage];
    const content = await text(answer);
    if (answer.statusCode !== 200) {
      throw new Error(`the service answered ${answer.statusCode}: ${content}`);
    }
  }

  close(): void {
    this.#agent.destroy();
  }
}

/** What one closed loop has measured. */
export interface LoadSummary extends Summary {
  /** Imaging and model by the service's own clock, median in milliseconds; 0 where it does not tell. */
  readonly runP50Ms: number;
  readonly images: number;
  /** CPU time of this process for each image, in milliseconds. */
  readonly clientCpuMs: number;
}

/** Closed loop: each client sends the request again when the last is answered. */
export async function loadFor(
  url: string,
  request: Buffer,
  clients: number,
  seconds: number,
): Promise<LoadSummary> {
  const runs: number[] = [];
  const cpu = process.cpuUsage();
  const started = performance.now();
  const end = started + seconds * 1000;
  const loops = Array.from({ length: clients }, async () => {
    const client = new RawClient(url);
    const latencies: number[] = [];
    for (let before = performance.now(); before < end;) {
      const answer = await client.call(request);
      const after = performance.now();
      runs.push(Number(headerOf(answer, headers.runFunctionMs) ?? 0));
      latencies.push(after - before);
      before = after;
    }
    client.close();
    return latencies;
  });
  const latencies = (await Promise.all(loops)).flat();
  const summary = summarise(latencies, performance.now() - started);
  const images = latencies.length;
  return { ...summary, runP50Ms: median(runs), images, clientCpuMs: cpuMsSince(cpu) / images };
}

/** {@link loadFor} of a picture to the service's own route. */
export const scoreFor = (
  target: Target,
  body: Buffer,
  clients: number,
  seconds: number,
): Promise<LoadSummary> =>
  loadFor(target.url, postBytes(target.url, paths.score, target.headers, body), clients, seconds);

/** Latencies of `GET /` in milliseconds, one call every `intervalMs`, while `work` goes on. */
export async function probeDuring(
  target: Target,
  intervalMs: number,
  work: Promise<unknown>,
): Promise<number[]> {
  const client = new HttpClient(target);
  const latencies: number[] = [];
  let isDone = false;
  const watch = work.finally(() => (isDone = true));
  while (!isDone) {
    const before = performance.now();
    await client.call("GET", paths.root);
    latencies.push(performance.now() - before);
    await new Promise((resolve) => setTimeout(resolve, intervalMs));
  }
  await watch;
  client.close();
  return latencies;
}
