import assert from "node:assert/strict";
import {
  coresToFeed,
  deviceMemoryGb,
  type MigProfile,
} from "../../../components/catalogue/gpuShare";
import { findVmSize, migModels, vmSizes, type VmSize } from "../../../components/catalogue/vmSizes";

const size = (name: string) => findVmSize(`Standard_${name}`) as VmSize;

describe("what a GPU is to its server", () => {
  it("has the memory of its card, or of the slice that NVIDIA's table of profiles has", () => {
    assert.equal(deviceMemoryGb(size("NC4as_T4_v3"), undefined), 16);
    assert.equal(deviceMemoryGb(size("NC16ads_A10_v4"), undefined), undefined);
    const profiles = ["MIG1g", "MIG2g", "MIG3g", "MIG4g", "MIG7g"] as const;
    const all = (name: string) => profiles.map((profile) => deviceMemoryGb(size(name), profile));
    assert.deepEqual(all("NC24ads_A100_v4"), [10, 20, 40, 40, 80]);
    assert.deepEqual(all("ND96asr_v4"), [5, 10, 20, 20, 40]);
  });

  it("is fed by as many cores as it is fast", () => {
    const fed = (name: string, profile?: MigProfile) => coresToFeed(size(name), profile);
    assert.equal(fed("NC4as_T4_v3"), 2);
    assert.equal(fed("NV36ads_A10_v5"), 3);
    assert.equal(fed("NV6ads_A10_v5"), 1);
    assert.equal(fed("NV18ads_A10_v5"), 2);
    assert.equal(fed("NC16ads_A10_v4"), 3);
    assert.equal(fed("NC24ads_A100_v4"), 6);
    assert.equal(fed("NC24ads_A100_v4", "MIG1g"), 1);
    assert.equal(fed("NC24ads_A100_v4", "MIG3g"), 3);
    assert.equal(fed("NC40ads_H100_v5"), 12);
    assert.equal(fed("ND96isr_H200_v5"), 13);
    assert.equal(fed("NC40ads_H100_v5", "MIG7g"), 12);
    assert.equal(fed("ND96isr_MI300X_v5"), undefined);
    assert.equal(fed("D4s_v5"), undefined);
  });

  it("is known of every card that the CUDA image drives, and of every card that can be split", () => {
    const driven = vmSizes.filter(
      ({ accelerator, status }) => accelerator?.vendor === "nvidia" && status === "current",
    );
    for (const each of driven) assert.ok(coresToFeed(each, undefined), each.name);
    for (const model of migModels)
      assert.ok(driven.some(({ accelerator }) => accelerator?.model === model));
  });
});
