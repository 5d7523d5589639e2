import assert from "node:assert/strict";
import { findVmSize } from "../../components/catalogue/vmSizes";
import { feedingNotices, requestsOf } from "../../settings/gpuRequests";
import type { Given } from "../../settings/definitions";
import { nodesOf } from "../../settings/poolRules";

/** What is asked for, and said, of a GPU service on nodes of a size. */
function asked(size: string, changes: Partial<Given> = {}) {
  const given = {
    target: "azure",
    accelerator: "gpu",
    gpuCores: 1,
    nodeCount: 1,
    "nodeAutoscale.enabled": false,
    "runtime.kind": "none",
    "runtime.cpuCores": 1,
    "runtime.memoryGb": 8,
    ...changes,
  } as Given;
  const found = findVmSize(`Standard_${size}`);
  const nodes = found && given.target === "azure" ? nodesOf(given, found) : undefined;
  const { cpuCores, memoryGb } = requestsOf(given, nodes);
  return { requests: [cpuCores, memoryGb], notices: feedingNotices(given, nodes) };
}

describe("what a GPU's server asks for", () => {
  for (const [size, changes, requests] of [
    ["NC4as_T4_v3", {}, [3, 6]],
    ["NC16as_T4_v3", {}, [15, 30]],
    ["NC64as_T4_v3", {}, [15, 30]],
    ["NC64as_T4_v3", { gpuCores: 4 }, [62, 124]],
    ["NC40ads_H100_v5", {}, [39, 78]],
    ["ND96isr_H200_v5", {}, [11, 22]],
    ["NC24ads_A100_v4", { gpuInstanceProfile: "MIG1g" }, [3, 6]],
    ["ND96asr_v4", { gpuInstanceProfile: "MIG1g" }, [1.6, 4]],
    ["NC4as_T4_v3", { "runtime.kind": "triton" }, [2, 4]],
    ["NC8as_T4_v3", { "runtime.kind": "triton", "runtime.cpuCores": 2 }, [5, 10]],
    ["NC4as_T4_v3", { cpuCores: 1 }, [1, 4]],
    ["NC4as_T4_v3", { memoryGb: 20 }, [3, 20]],
    ["NC4as_T4_v3", { cpuCoresLimit: 2.5, memoryGbLimit: 5 }, [2.5, 5]],
    ["NC36ds_xl_RTXPRO6000BSE_v6", { "runtime.kind": "triton", "runtime.memoryGb": 100 }, [34, 30]],
    ["NP10s", { accelerator: "fpga" }, [2, 4]],
    ["D4s_v5", { accelerator: "cpu" }, [2, 4]],
    ["NC40ads_H100_v5", { target: "kubernetes" }, [2, 4]],
  ] as const) {
    it(`is ${requests.join(" cores and ")} GB on ${size} with ${JSON.stringify(changes)}`, () => {
      assert.deepEqual(asked(size, changes).requests, requests);
    });
  }

  it("goes without a word where it is the GPU's share, and that feeds the GPU", () => {
    for (const size of ["NC4as_T4_v3", "NC64as_T4_v3", "NC24ads_A100_v4", "NC40ads_H100_v5"])
      assert.deepEqual(asked(size).notices, [], size);
    assert.deepEqual(asked("NC40ads_H100_v5", { cpuCores: 39.2 }).notices, []);
    assert.deepEqual(asked("D16s_v5", { accelerator: "cpu", cpuCores: 1 }).notices, []);
    assert.deepEqual(asked("D4s_v5", { target: "local" }).notices, []);
    const mig = { gpuInstanceProfile: "MIG3g" } as const;
    assert.deepEqual(asked("NC24ads_A100_v4", mig).notices, []);
  });

  it("is too little where pictures come too slowly, and the node has more cores", () => {
    assert.deepEqual(asked("NC40ads_H100_v5", { cpuCores: 2 }).notices, [
      "cpuCores is 2: a replica's share of Standard_NC40ads_H100_v5 is 39 cores, which no other pod is there to use, and about 12 cores decode pictures as fast as the H100 scores them (an estimate). Let the server have them with: pulumi config set cpuCores 39",
    ]);
    const mig = { gpuInstanceProfile: "MIG2g", cpuCores: 1 } as const;
    assert.deepEqual(asked("NC24ads_A100_v4", mig).notices, [
      "cpuCores is 1: a replica's share of Standard_NC24ads_A100_v4 is 7 cores, which no other pod is there to use, and about 2 cores decode pictures as fast as a MIG2g slice of the A100 scores them (an estimate). Let the server have them with: pulumi config set cpuCores 7",
    ]);
  });

  it("leaves cores unused where it feeds the GPU with fewer", () => {
    assert.deepEqual(asked("NC4as_T4_v3", { cpuCores: 2 }).notices, [
      "cpuCores is 2: a replica's share of Standard_NC4as_T4_v3 is 3 cores, which no other pod is there to use. Let the server have them with: pulumi config set cpuCores 3",
    ]);
  });

  it("is all there is where the size has too few cores for its GPUs", () => {
    assert.deepEqual(asked("ND96isr_H200_v5").notices, [
      "A replica's share of Standard_ND96isr_H200_v5 is 11 cores, and about 13 cores decode pictures as fast as the H200 scores them (an estimate): its GPU may wait.",
    ]);
    const triton = { "runtime.kind": "triton", "runtime.cpuCores": 2 } as const;
    assert.deepEqual(asked("NC4as_T4_v3", triton).notices, [
      "A replica's share of Standard_NC4as_T4_v3 is 1.4 cores, and about 2 cores decode pictures as fast as the T4 scores them (an estimate): its GPU may wait.",
    ]);
  });

  it("is for you to say where the nodes are not ours", () => {
    assert.deepEqual(asked("NC4as_T4_v3", { target: "kubernetes" }).notices, [
      "cpuCores is not set, so a replica asks for 2: those feed a T4 with pictures, and a bigger GPU needs more. Give it its GPU's share of your nodes with: pulumi config set cpuCores 12",
    ]);
    const set = { target: "kubernetes", cpuCores: 1 } as const;
    assert.deepEqual(asked("NC4as_T4_v3", set).notices, []);
  });
});
