import { Client } from "undici";
import { paths } from "../src/contract";
import { summarise, type Summary } from "./stats";

interface Target {
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
}

/** @throws Error when the answer is not 200: a bench of errors would be worthless */
async function call(client: Client, target: Target, body: Buffer): Promise<void> {
  const { statusCode, body: answer } = await client.request({
    method: "POST",
    path: paths.score,
    headers: target.headers,
    body,
  });
  const text = await answer.text();
  if (statusCode !== 200) throw new Error(`the service answered ${statusCode}: ${text}`);
}

/** Closed loop: each client has one connection and sends its next request when the last is answered. */
export async function scoreFor(
  target: Target,
  body: Buffer,
  clients: number,
  seconds: number,
): Promise<Summary> {
  const started = performance.now();
  const end = started + seconds * 1000;
  const loops = Array.from({ length: clients }, async () => {
    const client = new Client(target.url);
    const latencies: number[] = [];
    for (let before = performance.now(); before < end;) {
      await call(client, target, body);
      const after = performance.now();
      latencies.push(after - before);
      before = after;
    }
    await client.close();
    return latencies;
  });
  const latencies = (await Promise.all(loops)).flat();
  return summarise(latencies, performance.now() - started);
}

/** Latencies of `GET /` in milliseconds, one call every `intervalMs`, while `work` goes on. */
export async function probeDuring(
  target: Target,
  intervalMs: number,
  work: Promise<unknown>,
): Promise<number[]> {
  const client = new Client(target.url);
  const latencies: number[] = [];
  let isDone = false;
  const watch = work.finally(() => (isDone = true));
  while (!isDone) {
    const before = performance.now();
    const { body } = await client.request({ method: "GET", path: paths.root });
    await body.text();
    latencies.push(performance.now() - before);
    await new Promise((resolve) => setTimeout(resolve, intervalMs));
  }
  await watch;
  await client.close();
  return latencies;
}
