import assert from "node:assert/strict";
import { fixtureImage } from "../support/pictures";
import { Random } from "../support/random";
import { killProcesses, startProcess } from "../support/serverProcess";
import { colourClassifier } from "../support/tinyModel";

const count = Number(process.env["MUTATIONS"] ?? 10_000);
const seed = 20_261_122;
const clients = 8;

const originals = [
  "baseline-420.jpg",
  "baseline-444.jpg",
  "progressive.jpg",
  "grey.jpg",
  "exif-6.jpg",
  "odd-157x119.jpg",
  "cmyk.jpg",
].map(fixtureImage);

/** Flips, overwrites, removes, repeats or cuts off bytes of a real picture, once to four times. */
function mutate(random: Random): Uint8Array<ArrayBuffer> {
  let bytes = Array.from(random.pick(originals));
  for (let changes = 1 + random.below(4); changes > 0; changes--) {
    const at = random.below(bytes.length);
    const length = 1 + random.below(40);
    switch (random.below(6)) {
      case 0:
        bytes[at] = (bytes[at] as number) ^ (1 << random.below(8));
        break;
      case 1:
        for (let i = at; i < Math.min(at + length, bytes.length); i++) bytes[i] = random.below(256);
        break;
      case 2:
        bytes.splice(at, length);
        break;
      case 3:
        bytes.splice(at, 0, ...bytes.slice(at, at + length));
        break;
      case 4:
        // The header holds what sizes, tables and counts are read from.
        bytes[random.below(Math.min(700, bytes.length))] = random.pick([0, 1, 127, 128, 255]);
        break;
      default:
        if (random.below(4) === 0) bytes = bytes.slice(0, at + 1);
    }
  }
  return Uint8Array.from(bytes);
}

/** Value of one of the service's metrics. */
async function metric(metricsUrl: string, name: string): Promise<number> {
  const text = await (await fetch(`${metricsUrl}/metrics`)).text();
  return Number(new RegExp(`^${name} (.+)$`, "m").exec(text)?.[1]);
}

describe(`${count} mutations of real JPEGs, seed ${seed}`, () => {
  after(killProcesses);

  it("are answered 200, 400 or 415, by a service whose memory stays flat", async function () {
    this.timeout(120_000);
    const server = startProcess({
      PORT: "0",
      METRICS_PORT: "0",
      AUTH: "none",
      INSTANCES: "2",
      // Mutated sizes reach any bound; a small one keeps the pixel buffers, which are kept on purpose, out of the figures.
      MAX_PIXELS: "1000000",
      MODEL_DIR: colourClassifier("logits"),
    });
    const url = await server.url;
    const [, metricsUrl = ""] = /"metricsUrl":"([^"]+)"/.exec(server.output()) ?? [];
    const random = new Random(seed);
    const statuses: Record<number, number> = {};
    const rssMb: number[] = [];
    let sent = 0;
    const client = async () => {
      while (sent < count) {
        sent++;
        if (sent % 1000 === 0) {
          rssMb.push((await metric(metricsUrl, "process_resident_memory_bytes")) / 1e6);
        }
        const response = await fetch(`${url}/score`, { method: "POST", body: mutate(random) });
        await response.arrayBuffer();
        statuses[response.status] = (statuses[response.status] ?? 0) + 1;
      }
    };
    await Promise.all(Array.from({ length: clients }, client));
    assert.equal(await metric(metricsUrl, "scoring_session_worker_restarts_total"), 0);
    const unexpected = Object.keys(statuses).filter((status) => !/^(200|400|415)$/.test(status));
    assert.deepEqual(unexpected, []);
    assert.ok((statuses[200] ?? 0) > 100 && (statuses[400] ?? 0) > 1000, JSON.stringify(statuses));
    if (process.env["SHOW_MEMORY"]) console.log(statuses, rssMb.map(Math.round));
    // The first thousands fill caches, pools and V8's heap, which is flat from the twelfth on; a leak of 10 KB a picture is seen.
    const [later, last] = [rssMb.at(-3) as number, rssMb.at(-1) as number];
    const growth = last - later;
    assert.ok(growth < 20, `RSS grew by ${growth} MB at the end: ${rssMb.join(" ")}`);
  });
});
