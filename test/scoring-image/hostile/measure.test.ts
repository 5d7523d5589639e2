import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { closeSync, openSync, readFileSync } from "node:fs";
import http from "node:http";
import { once } from "node:events";
import type { AddressInfo } from "node:net";
import { setTimeout as delay } from "node:timers/promises";
import { resetPeak, usageOf } from "../../../scoring-image/hostile/measure";
import { MemoryGroup } from "../../../scoring-image/hostile/memoryGroup";
import { probe } from "../../../scoring-image/hostile/probes";

describe("hostile/measure", () => {
  it("tells what this process holds, as Node tells it", () => {
    const { rssMb, cpuMs, threads } = usageOf(process.pid);
    const { user, system } = process.cpuUsage();
    assert.ok(Math.abs(rssMb - process.memoryUsage.rss() / 1e6) < 5);
    assert.ok(Math.abs(cpuMs - (user + system) / 1000) < 100);
    assert.ok(threads > 4, `${threads} threads`);
  });

  it("counts descriptors one by one", () => {
    const before = usageOf(process.pid).descriptors;
    const file = openSync(__filename, "r");
    const during = usageOf(process.pid).descriptors;
    closeSync(file);
    assert.deepEqual([during, usageOf(process.pid).descriptors], [before + 1, before]);
  });

  it("forgets the highest memory when told to", () => {
    Buffer.alloc(100e6, 1);
    resetPeak(process.pid);
    const { peakMb, rssMb } = usageOf(process.pid);
    assert.ok(peakMb - rssMb < 5, `${peakMb} and ${rssMb} MB`);
  });
});

describe("hostile/memoryGroup", () => {
  it("starts a command inside, and stays outside itself", function () {
    const group = MemoryGroup.create(2 ** 28);
    if (!group) return this.skip();
    try {
      const [command = "", ...args] = [...group.launcher, "cat", "/proc/self/cgroup"];
      const seen = execFileSync(command, args, { encoding: "utf8" });
      assert.match(seen, new RegExp(`/hostile-${process.pid}$`, "m"));
      assert.doesNotMatch(readFileSync("/proc/self/cgroup", "utf8"), /\/hostile-/);
    } finally {
      group.remove();
    }
  });
});

describe("hostile/probes", () => {
  it("counts a probe that is not answered with 200 as failed, and does not wait for one before the next", async () => {
    let asked = 0;
    const server = http.createServer((_, answer) => {
      asked++;
      const status = asked === 1 ? 500 : 200;
      setTimeout(() => answer.writeHead(status).end(), 150);
    });
    await once(server.listen(0, "127.0.0.1"), "listening");
    let isOver = false;
    const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
    const probing = probe(url, undefined, () => isOver);
    await delay(120);
    assert.ok(asked > 1, `${asked} asked before the first answer`);
    isOver = true;
    const { probes, failed, p99Ms } = await probing;
    server.close();
    assert.deepEqual([probes, failed, p99Ms], [asked, 1, Infinity]);
  });
});
