import { readFileSync } from "node:fs";
import path from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { root, samples } from "../support/paths";
import { images } from "./builds";
import { check } from "./checks";
import { load } from "./clients";
import { Container, key, url } from "./container";
import type { Engine } from "./engine";

const picture = readFileSync(path.join(samples, "espresso.jpg"));
const megabytes = (bytes: number) => (bytes / 1e6).toFixed(1);

async function verifyScores(): Promise<void> {
  const golden = JSON.parse(
    readFileSync(path.join(root, "test/fixtures/golden/scores.json"), "utf8"),
  ) as { scores: { image: string; top5: [number, number][] }[] };
  for (const { image, top5 } of golden.scores) {
    const response = await fetch(`${url}/score?top=1`, {
      method: "POST",
      headers: { authorization: `Bearer ${key}` },
      body: readFileSync(path.join(root, image)),
    });
    const [[best]] = (await response.json()) as [[{ index: number; label: string }]];
    check(best.index === top5[0]?.[0], `${image} is ${best.label}, as ONNX Runtime in Python says`);
  }
}

/**
 * Runs the image with two cores, read-only, as another user, and ends it under load.
 * @returns answers for each second of CPU time that the server used
 */
export async function verifyRun(engine: Engine): Promise<number> {
  const container = await Container.start(engine, images.buildkit, 2);
  try {
    check(
      container.readyMs <= 3000,
      `ready ${container.readyMs.toFixed(0)} ms after docker run (at most 3000)`,
    );
    await verifyScores();
    await load(8, 3000, picture);
    const usedBefore = container.cpuSeconds();
    const loading = load(8, 10_000, picture);
    let peak = 0;
    for (let i = 0; i < 18; i++, await delay(500)) peak = Math.max(peak, container.rss());
    const { answered, lost, refused } = await loading;
    const used = container.cpuSeconds() - usedBefore;
    check(
      lost === 0 && refused === 0,
      `${answered} answers in 10 s with ${used.toFixed(1)} s of CPU time on 2 cores, none lost`,
    );
    check(peak <= 300e6, `RSS under load at most ${megabytes(peak)} MB (at most 300)`);
    check(container.inspect("{{.State.Health.Status}}") === "healthy", "HEALTHCHECK says healthy");
    verifySecrecy(container);
    await verifyEnd(container);
    return answered / used;
  } finally {
    container.remove();
  }
}

function verifySecrecy(container: Container): void {
  check(!container.traces().includes(key), "the key is neither in the log nor in the process list");
  const { mode, uid } = container.environmentFile();
  check(
    (mode & 0o777) === 0o400 && uid === 10001,
    "the process's environment may be read by its own user alone",
  );
}

async function verifyEnd(container: Container): Promise<void> {
  const last = load(8, 20_000, picture);
  await delay(1500);
  container.terminate();
  const tally = await last;
  check(container.exitCode() === 0, "exits with 0 on SIGTERM under load");
  check(tally.lost === 0, `${tally.answered} answered, ${tally.refused} refused, none lost`);
}

/**
 * Runs the image under a quota of one core. Half of what two cores do is taken from the CPU time that they needed, not from their answers:
 * the load generator has a core to itself here, but shared both of them there.
 */
export async function verifyQuota(engine: Engine, answersPerCpuSecond: number): Promise<void> {
  const container = await Container.start(engine, images.buildkit, 1);
  try {
    check(/"lanes":1\b/.test(container.traces()), "a quota of one core makes one lane");
    await load(8, 3000, picture);
    const half = 10 * answersPerCpuSecond;
    // Other processes of the machine can only take away: the best of three counts.
    let best = { answered: 0, used: 0 };
    for (let i = 0; i < 3 && best.answered < 0.9 * half; i++) {
      const usedBefore = container.cpuSeconds();
      const { answered } = await load(8, 10_000, picture);
      const used = container.cpuSeconds() - usedBefore;
      if (answered > best.answered) best = { answered, used };
    }
    check(
      best.answered >= 0.9 * half,
      `${best.answered} answers in 10 s with ${best.used.toFixed(1)} s of CPU time under a quota of one core: ` +
        `${((100 * best.answered) / half).toFixed(0)} % of half of what two cores can (at least 90)`,
    );
  } finally {
    container.remove();
  }
}

/** Runs the CUDA image on a machine without a GPU: it must say so in one line and end. */
export function verifyRefusal(engine: Engine): void {
  const output = engine.shell(
    `"$docker" run --rm --network host --read-only --tmpfs /tmp -e PRIMARY_KEY=${key} -e PORT=0 -e METRICS_PORT=0 ` +
      `-e LOG_LEVEL=silent ${images.cuda} 2>&1 || echo "exit code $?"`,
  );
  const lines = output.split("\n");
  check(
    lines.length === 2 &&
      lines[1] === "exit code 1" &&
      /^EXECUTION_PROVIDER is "cuda", but \/app\/model\/model\.onnx cannot run there: .+ It needs the cuda image, a GPU and its driver; it never falls back to the CPU$/.test(
        lines[0] ?? "",
      ),
    `the cuda image without a GPU ends with: ${output.replaceAll("\n", "; ")}`,
  );
}
