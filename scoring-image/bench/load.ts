import { Agent, request, type IncomingMessage } from "node:http";
import { once } from "node:events";
import { text } from "node:stream/consumers";
import { headers, paths } from "../src/contract";
import { median, summarise, type Summary } from "./stats";

interface Target {
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
}

/** One client with one kept-alive connection; node:http costs the least of Node's clients. */
export class HttpClient {
  readonly #agent = new Agent({ keepAlive: true, maxSockets: 1 });

  constructor(private readonly target: Target) {}

  /**
   * @returns the service's own time for imaging and model in milliseconds
   * @throws Error when the answer is not 200: a bench of errors would be worthless
   */
  async call(
    method: string,
    path: string,
    body?: Buffer,
    extra: Readonly<Record<string, string>> = {},
  ): Promise<number> {
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
    return Number(answer.headers[headers.runFunctionMs] ?? 0);
  }

  close(): void {
    this.#agent.destroy();
  }
}

/** A summary that also tells how long imaging and model took by the service's own clock, median in milliseconds. */
export interface LoadSummary extends Summary {
  readonly runP50Ms: number;
}

/** Closed loop: each client sends its next request when the last is answered. */
export async function scoreFor(
  target: Target,
  body: Buffer,
  clients: number,
  seconds: number,
): Promise<LoadSummary> {
  const runs: number[] = [];
  const started = performance.now();
  const end = started + seconds * 1000;
  const loops = Array.from({ length: clients }, async () => {
    const client = new HttpClient(target);
    const latencies: number[] = [];
    for (let before = performance.now(); before < end;) {
      runs.push(await client.call("POST", paths.score, body));
      const after = performance.now();
      latencies.push(after - before);
      before = after;
    }
    client.close();
    return latencies;
  });
  const latencies = (await Promise.all(loops)).flat();
  const summary = summarise(latencies, performance.now() - started);
  return { ...summary, runP50Ms: median(runs) };
}

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
