import assert from "node:assert/strict";
import { findVmSize } from "../../components/catalogue/vmSizes";
import { rolloutOf } from "../../settings/capacityRules";
import { runProgram, type ProgramRun } from "../support/program";
import { find } from "../support/pulumiMocks";
import { specOf } from "../support/servicePods";

describe("replicas of the scoring service", () => {
  let gpu: ProgramRun;
  let fpga: ProgramRun;
  let edge: ProgramRun;
  let cpu: ProgramRun;

  before(async () => {
    gpu = await runProgram("eastus");
    fpga = await runProgram("westeurope");
    edge = await runProgram("edge");
    cpu = await runProgram("westus2");
  });

  it("replaces one replica at a time on a full pool, and surges where a spare accelerator exists", async () => {
    assert.deepEqual(specOf(gpu).strategy, {
      type: "RollingUpdate",
      rollingUpdate: { maxUnavailable: 1, maxSurge: 0 },
    });
    const spare = await runProgram("eastus", { nodeCount: 4 });
    assert.deepEqual(specOf(spare).strategy, {
      type: "RollingUpdate",
      rollingUpdate: { maxUnavailable: 0, maxSurge: 1 },
    });
  });

  it("counts a spare accelerator node by node", () => {
    const size = findVmSize("Standard_NC64as_T4_v3");
    assert(size);
    const values = {
      accelerator: "gpu",
      gpuCores: 3,
      cpuCores: 2,
      memoryGb: 4,
      replicas: 1,
      "autoscale.enabled": false,
      "autoscale.maxReplicas": 10,
      rollout: "rolling",
      "runtime.kind": "none",
      "runtime.cpuCores": 1,
      "runtime.memoryGb": 8,
    } as const;
    const nodes = { size, acceleratorsPerNode: 4, count: 1, maxCount: 1 };
    assert.deepEqual(rolloutOf(values, nodes), { maxUnavailable: 1, maxSurge: 0 });
    assert.deepEqual(rolloutOf({ ...values, gpuCores: 2 }, nodes), {
      maxUnavailable: 0,
      maxSurge: 1,
    });
    assert.deepEqual(rolloutOf({ ...values, accelerator: "cpu" }, undefined), {
      maxUnavailable: 0,
      maxSurge: 1,
    });
    assert.deepEqual(rolloutOf(values, undefined), { maxUnavailable: 1, maxSurge: 0 });
    // Two GPUs are spare here, but not the cores for another runtime.
    const two = { ...values, gpuCores: 1, replicas: 2 };
    assert.deepEqual(rolloutOf({ ...two, "runtime.kind": "triton" }, nodes), {
      maxUnavailable: 0,
      maxSurge: 1,
    });
    assert.deepEqual(
      rolloutOf({ ...two, "runtime.kind": "triton", "runtime.cpuCores": 20 }, nodes),
      { maxUnavailable: 1, maxSurge: 0 },
    );
  });

  it("never surges where there is no spare FPGA", () => {
    const { strategy } = specOf(fpga);
    assert.deepEqual(strategy, {
      type: "RollingUpdate",
      rollingUpdate: { maxUnavailable: 1, maxSurge: 0 },
    });
  });

  it("ends the old model before the new one starts where the stack asks for it", async () => {
    assert.deepEqual(specOf(edge).strategy, { type: "Recreate" });
    const rolling = await runProgram("edge", { rollout: "rolling" });
    assert.deepEqual(specOf(rolling).strategy, {
      type: "RollingUpdate",
      rollingUpdate: { maxUnavailable: 0, maxSurge: 1 },
    });
  });

  it("leaves replicas to the autoscaler where one is on", () => {
    assert.equal(specOf(gpu).replicas, 3);
    assert.equal(specOf(cpu).replicas, undefined);
    const { inputs } = find(cpu, "HorizontalPodAutoscaler");
    const { minReplicas, maxReplicas, metrics } = inputs["spec"] as Record<string, unknown>;
    assert.deepEqual([minReplicas, maxReplicas], [2, 3]);
    assert.deepEqual(metrics, [
      {
        type: "Resource",
        resource: { name: "cpu", target: { type: "Utilization", averageUtilization: 70 } },
      },
    ]);
    assert.deepEqual(find(cpu, "Deployment", "service-deployment").options.ignoreChanges, [
      "spec.replicas",
    ]);
  });

  it("loses at most one replica to maintenance", () => {
    const { maxUnavailable } = find(gpu, "PodDisruptionBudget").inputs["spec"] as Record<
      string,
      unknown
    >;
    assert.equal(maxUnavailable, 1);
  });
});
