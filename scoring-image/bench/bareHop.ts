/**
 * `npm run bench -- --bare`: what Node itself adds to a request on this machine. A bare node:http server hands the body to a worker that
 * only spins, and answers 1000 numbers as JSON: no framework, queue, key, log or metric. The service cannot add less than this.
 */
import { createServer } from "node:http";
import { once } from "node:events";
import type { AddressInfo } from "node:net";
import { buffer } from "node:stream/consumers";
import { Worker } from "node:worker_threads";
import { headers } from "../src/contract";
import { scoreFor } from "./load";

/** Spins as long as a run of the model would take, then sends as many numbers as a classifier of ImageNet. */
const spinner = `
  const { parentPort, workerData } = require("node:worker_threads");
  parentPort.on("message", () => {
    const started = performance.now();
    while (performance.now() - started < workerData);
    const numbers = new Float64Array(1000).map(() => Math.random() * 1e-3);
    parentPort.postMessage({ numbers, ms: performance.now() - started });
  });`;

/**
 * @param spinMs how long the worker spins for each request
 * @returns median of what a request takes beyond the spinning, in milliseconds
 */
export async function bareHopMs(body: Buffer, spinMs: number, seconds: number): Promise<number> {
  const worker = new Worker(spinner, { eval: true, workerData: spinMs });
  const server = createServer((request, response) => {
    void buffer(request).then(async (bytes) => {
      const picture = Uint8Array.from(bytes);
      worker.postMessage(picture, [picture.buffer]);
      const [{ numbers, ms }] = (await once(worker, "message")) as [
        { numbers: Float64Array; ms: number },
      ];
      response.setHeader(headers.runFunctionMs, ms.toFixed(3));
      response.end(Buffer.from(JSON.stringify([Array.from(numbers)])));
    });
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  const target = { url: `http://127.0.0.1:${port}`, headers: {} };
  await scoreFor(target, body, 1, 1);
  const { p50Ms, runP50Ms } = await scoreFor(target, body, 1, seconds);
  server.close();
  await worker.terminate();
  return p50Ms - runP50Ms;
}
