import { execFileSync } from "node:child_process";
import { mkdirSync, rmSync, statSync, writeFileSync } from "node:fs";
import path from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { probeDuring } from "../health";
import { answeredOnce, check, healthAnswers, type Scenario, type Soak } from "../scenario";

const tmpfsBytes = 256 * 1024;

/** The disk that takes the log fills up under load. Logging may stop, scoring must not; with space again, logging goes on. It is full at the end too. */
export const fullDisk: Scenario = {
  name: "disk full for logs",
  share: 0.04,
  run: async (soak, seconds) => {
    const disk = mountTmpfs(soak);
    const log = disk === undefined ? "/dev/full" : path.join(disk, "log");
    // At this level even probes are logged: the disk is full soon.
    const server = await soak.startServer({ log, env: { LOG_LEVEL: "debug" } });
    const before = await server.handled();
    const load = soak.client.openLoop(server, 0.5 * soak.capacity, Math.max(15, seconds));
    const health = probeDuring(server.url, load);
    const sizes = disk === undefined ? undefined : await fillAndFree(disk, log);
    const result = await load;
    const handled = (await server.handled()) - before;
    const code = await server.stop();
    if (disk !== undefined) execFileSync("umount", [disk]);
    return {
      figures: { log: disk === undefined ? log : "a tmpfs of 256 kB", scored: result.scored },
      checks: [
        ...answeredOnce(result, handled),
        healthAnswers(await health),
        check("it exits with 0, its log's disk full", code === 0, String(code)),
        ...(sizes === undefined
          ? []
          : [
              check("the log stands still while the disk is full", sizes.stoodStill, "its size"),
              check("the log goes on when there is space again", sizes.goesOn, "its size"),
            ]),
      ],
    };
  },
};

/** Needs root; undefined without. */
function mountTmpfs({ folder }: Soak): string | undefined {
  const disk = path.join(folder, "disk");
  mkdirSync(disk, { recursive: true });
  try {
    execFileSync("mount", ["-t", "tmpfs", "-o", `size=${tmpfsBytes}`, "tmpfs", disk], {
      stdio: "ignore",
    });
    return disk;
  } catch {
    return undefined;
  }
}

function fill(filler: string): void {
  try {
    writeFileSync(filler, Buffer.alloc(tmpfsBytes));
  } catch {
    // Full: that is the point.
  }
}

async function fillAndFree(disk: string, log: string) {
  const filler = path.join(disk, "filler");
  const size = () => statSync(log).size;
  await delay(1000);
  fill(filler);
  // The log's last page may still have room.
  let full = -1;
  const stoodStill = await within(10_000, async () => {
    full = size();
    await delay(1000);
    return size() === full;
  });
  rmSync(filler);
  const goesOn = await within(3000, async () => {
    await delay(100);
    return size() > full;
  });
  fill(filler);
  return { stoodStill, goesOn };
}

async function within(limitMs: number, isSo: () => Promise<boolean>): Promise<boolean> {
  const end = performance.now() + limitMs;
  while (performance.now() < end) if (await isSo()) return true;
  return false;
}
