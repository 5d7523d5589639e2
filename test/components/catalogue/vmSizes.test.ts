import assert from "node:assert/strict";
import { computeCapability, cudaMinimum } from "../../../components/catalogue/computeCapability";
import {
  allocatable,
  reservedCpu,
  reservedMemoryGb,
} from "../../../components/catalogue/allocatable";
import { findRegion, regions } from "../../../components/catalogue/regions";
import { defaultVmSizes, findVmSize, vmSizes } from "../../../components/catalogue/vmSizes";

describe("the catalogue of VM sizes", () => {
  it("names each size once", () => {
    assert.equal(new Set(vmSizes.map(({ name }) => name.toLowerCase())).size, vmSizes.length);
  });

  it("finds a size as Azure does, without case", () => {
    assert.equal(findVmSize("standard_nc4AS_t4_v3")?.name, "Standard_NC4as_T4_v3");
    assert.equal(findVmSize("Standard_NC5"), undefined);
  });

  it("has defaults and successors that are in it and not retired themselves", () => {
    for (const name of Object.values(defaultVmSizes))
      assert.equal(findVmSize(name)?.status, "current");
    for (const { name, successor } of vmSizes) {
      if (successor) assert.notEqual(findVmSize(successor)?.status, "retired", name);
    }
  });

  it("knows NC6, PB6s and NP10s", () => {
    assert.deepEqual(findVmSize("Standard_NC6"), {
      name: "Standard_NC6",
      vcpus: 6,
      memoryGb: 56,
      accelerator: {
        kind: "gpu",
        vendor: "nvidia",
        model: "K80",
        count: 1,
        memoryGb: 12,
        architecture: "Kepler",
      },
      status: "retired",
      retirementDate: "2023-09-06",
      successor: "Standard_NC4as_T4_v3",
    });
    assert.deepEqual(findVmSize("Standard_PB6s")?.regions, [
      "eastus",
      "westus2",
      "westeurope",
      "southeastasia",
    ]);
    assert.equal(findVmSize("Standard_NP10s")?.regions?.length, 7);
  });

  it("knows the compute capability of every NVIDIA GPU, and which the CUDA image drives", () => {
    const architectures = vmSizes.flatMap(({ accelerator }) =>
      accelerator?.vendor === "nvidia" ? [accelerator.architecture] : [],
    );
    const driven = [...new Set(architectures)].filter((name) => {
      const capability = computeCapability[name];
      assert(capability !== undefined, name);
      return capability >= cudaMinimum.capability;
    });
    assert.deepEqual(driven, ["Turing", "Ampere", "Hopper", "Blackwell"]);
  });

  it("limits sizes only to regions that exist", () => {
    for (const name of vmSizes.flatMap(({ regions: own = [] }) => own))
      assert(findRegion(name), name);
    assert.equal(new Set(regions.map(({ name }) => name)).size, regions.length);
  });

  it("reserves what AKS's table says", () => {
    assert.deepEqual(
      [1, 2, 4, 8, 16, 32, 64].map((cores) => Math.round(reservedCpu(cores) * 1000)),
      [60, 100, 140, 180, 260, 420, 740],
    );
    assert.equal(reservedMemoryGb(28, 30).toFixed(2), "0.75");
    assert.equal(reservedMemoryGb(28, 250).toFixed(2), "5.15");
    assert.equal(reservedMemoryGb(4, 250).toFixed(2), "1.10");
  });

  it("leaves less than capacity, and no limit where memory is unknown", () => {
    assert.deepEqual(allocatable({ name: "x", vcpus: 4, memoryGb: 28, status: "current" }), {
      cpu: 3.46,
      memoryGb: 26.45,
    });
    assert.equal(
      allocatable({ name: "x", vcpus: 6, memoryGb: 0, status: "retired" }).memoryGb,
      Infinity,
    );
  });
});
