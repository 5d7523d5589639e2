import assert from "node:assert/strict";
import { mkdirSync, writeFileSync } from "node:fs";
import os from "node:os";
import path from "node:path";
import { readMachineLimits } from "../../scoring-image/src/machineLimits";
import { temporaryFolder } from "../support/temporaryFolder";

/** A root folder with these files; what cannot be asserted on every machine is bounded by the machine itself. */
function limitsOf(files: Record<string, string>) {
  const root = temporaryFolder("cgroup-");
  for (const [name, content] of Object.entries(files)) {
    const file = path.join(root, name);
    mkdirSync(path.dirname(file), { recursive: true });
    writeFileSync(file, `${content}\n`);
  }
  return readMachineLimits(root);
}

const machine = { cores: os.availableParallelism(), memoryBytes: os.totalmem() };

/** As `docker run --cpus 0.5 --memory 64m --cpuset-cpus 0` on a version 1 host shows them inside the container. */
const docker = {
  "proc/self/cgroup": ["4:memory", "3:cpuset", "2:cpuacct", "1:cpu", "0:"]
    .map(
      (group) =>
        `${group}:/docker/81c1ee28fa430eaf9e5caa30ea5ed0dcd7fe28423dc539ca6c10cc7d77a19d90`,
    )
    .join("\n"),
  "sys/fs/cgroup/cpu/cpu.cfs_quota_us": "50000",
  "sys/fs/cgroup/cpu/cpu.cfs_period_us": "100000",
  "sys/fs/cgroup/cpuset/cpuset.cpus": "0",
  "sys/fs/cgroup/cpuset/cpuset.effective_cpus": "0",
  "sys/fs/cgroup/memory/memory.limit_in_bytes": "67108864",
};

describe("machineLimits", () => {
  it("reads version 1 inside a container, where the group's path is the host's", () => {
    assert.deepEqual(limitsOf(docker), { cores: 0.5, memoryBytes: 67_108_864 });
  });

  it("takes version 1 without limits for none", () => {
    const free = {
      ...docker,
      "sys/fs/cgroup/cpu/cpu.cfs_quota_us": "-1",
      "sys/fs/cgroup/cpuset/cpuset.effective_cpus": "0-1023",
      "sys/fs/cgroup/memory/memory.limit_in_bytes": "9223372036854771712",
    };
    assert.deepEqual(limitsOf(free), machine);
  });

  it("counts the CPU set", () => {
    const set = { ...docker, "sys/fs/cgroup/cpu/cpu.cfs_quota_us": "-1" };
    assert.equal(limitsOf(set).cores, 1);
  });

  it("reads controllers that version 1 mounts together", () => {
    const limits = limitsOf({
      "proc/self/cgroup": "3:cpu,cpuacct:/a/b\n2:memory:/a",
      "sys/fs/cgroup/cpu/a/cpu.cfs_quota_us": "20000",
      "sys/fs/cgroup/cpu/a/cpu.cfs_period_us": "100000",
      "sys/fs/cgroup/cpu/a/b/cpu.cfs_quota_us": "-1",
      "sys/fs/cgroup/cpu/a/b/cpu.cfs_period_us": "100000",
    });
    assert.deepEqual(limits, { ...machine, cores: 0.2 });
  });

  it("reads version 2 inside a container, whose group is the top", () => {
    const limits = limitsOf({
      "proc/self/cgroup": "0::/",
      "sys/fs/cgroup/cpu.max": "75000 100000",
      "sys/fs/cgroup/cpuset.cpus.effective": "0-3,8",
      "sys/fs/cgroup/memory.max": "134217728",
      "sys/fs/cgroup/memory.high": "max",
    });
    assert.deepEqual(limits, { cores: 0.75, memoryBytes: 134_217_728 });
  });

  it("takes the smallest limit of all groups above it", () => {
    const limits = limitsOf({
      "proc/self/cgroup": "0::/kubepods/pod1/c1",
      "sys/fs/cgroup/kubepods/pod1/c1/cpu.max": "max 100000",
      "sys/fs/cgroup/kubepods/pod1/cpu.max": "30000 100000",
      "sys/fs/cgroup/kubepods/pod1/c1/memory.max": "536870912",
      "sys/fs/cgroup/kubepods/pod1/memory.max": "268435456",
    });
    assert.deepEqual(limits, { cores: 0.3, memoryBytes: 268_435_456 });
  });

  it("takes the machine's own where there are no control groups", () => {
    assert.deepEqual(limitsOf({}), machine);
  });
});
