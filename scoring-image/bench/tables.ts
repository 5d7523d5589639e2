import type { BenchResult, ServiceSummary } from "./measure";
import type { Summary } from "./stats";

export const print = (line = "") => process.stdout.write(`${line}\n`);

/** A number in a column of nine characters. */
export const fixed = (value: number, digits = 2) => value.toFixed(digits).padStart(9);

/** Column titles, each as wide as a number. */
export const titles = (...names: string[]) => names.map((name) => name.padStart(9));

/** Prints a row of a table. @param cells each nine characters wide */
export const row = (label: string, cells: readonly string[]) =>
  print([label.padEnd(20), ...cells].join(" "));

const latencyTitles = ["p50 ms", "p95 ms", "p99 ms", "images/s", "run p50", "CPU ms/im", "RSS MB"];
const stageTitles = ["CPU", "loop CPU", "else", "decode", "run", "finish", "client"];

/** Prints floors, service, time by stage and ratios of one model. */
export function printBench(name: string, { floor, service, ratios, health }: BenchResult): void {
  print(`\n${name}`);
  row("", titles(...latencyTitles));
  const { layout, ...floors } = floor;
  for (const [part, summary] of Object.entries(floors)) {
    const cells = [...latencies(summary), ...titles(""), fixed(summary.cpuMsPerImage)];
    row(`floor, ${part}`, cells);
  }
  for (const [clients, summary] of Object.entries(service)) {
    const { runP50Ms, cpuMsPerImage, rssMb } = summary;
    const cells = [...latencies(summary), fixed(runP50Ms), fixed(cpuMsPerImage), fixed(rssMb, 0)];
    row(`service, ${clients} cl.`, cells);
  }
  print(
    `floors: latencies of one call at a time; images/s and CPU on all cores (decode + run does most with ${layout} lanes x threads)`,
  );
  printStages(service);
  print(
    `\np50 at 1 client: floor x ${ratios.p50.toFixed(3)}, + ${ratios.p50AddedMs.toFixed(2)} ms`,
  );
  print(`saturated: ${ratios.throughput.toFixed(3)} x the floor's images/s`);
  print(
    `GET / while saturated: p50 ${health.p50Ms.toFixed(2)} ms, p99 ${health.p99Ms.toFixed(2)} ms (${health.probes} probes)`,
  );
}

const latencies = ({ p50Ms, p95Ms, p99Ms, imagesPerSecond }: Summary) => [
  ...[p50Ms, p95Ms, p99Ms].map((value) => fixed(value)),
  fixed(imagesPerSecond, 1),
];

function printStages(service: Readonly<Record<string, ServiceSummary>>): void {
  print();
  row("ms an image", titles(...stageTitles));
  for (const [clients, summary] of Object.entries(service)) {
    const { cpuMsPerImage, loopCpuMs, otherMs, decodeMs, runMs, finishMs, clientCpuMs } = summary;
    const times = [cpuMsPerImage, loopCpuMs, otherMs, decodeMs, runMs, finishMs, clientCpuMs];
    row(
      `service, ${clients} cl.`,
      times.map((value) => fixed(value)),
    );
  }
  print("CPU of the process, of its event loop, and beside the floor's decode + run; decode, run");
  print("and finish by the clock of their threads; CPU of the load generator");
}
