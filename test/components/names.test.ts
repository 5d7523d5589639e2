import assert from "node:assert/strict";
import { nameProblems, poolName, resourceNames } from "../../components/names";

describe("names", () => {
  it("are made of base name, stack and suffix", () => {
    assert.deepEqual(resourceNames("scoring", "eastus", "abc123"), {
      resourceGroup: "scoring-eastus-abc123",
      storageAccount: "scoringstabc123",
      keyVault: "scoring-kv-abc123",
      registry: "scoringcrabc123",
      workspace: "scoring-eastus-abc123",
      logs: "scoring-eastus-logs-abc123",
      insights: "scoring-eastus-insights-abc123",
      workspaceIdentity: "scoring-eastus-workspace-abc123",
      controlPlaneIdentity: "scoring-eastus-control-plane-abc123",
      kubeletIdentity: "scoring-eastus-kubelet-abc123",
      cluster: "scoring-eastus-abc123",
    });
  });

  it("fit Azure's rules for the longest base name and a stack of 13 characters", () => {
    assert.deepEqual(nameProblems("abcdefghijkl", "southeastasia"), []);
  });

  it("turn a stack's odd characters into hyphens", () => {
    assert.equal(
      resourceNames("scoring", "My_stack.1", "abc123").cluster,
      "scoring-my-stack-1-abc123",
    );
  });

  it("of pools have at most 12 lower-case characters and differ by size and MIG profile", () => {
    const names = [
      poolName("gpu", "Standard_NC4as_T4_v3"),
      poolName("gpu", "Standard_NC8as_T4_v3"),
      poolName("gpu", "Standard_NC24ads_A100_v4", "MIG1g"),
      poolName("fpga", "Standard_NP10s"),
      poolName("cpu", "Standard_D4s_v5"),
    ];
    for (const name of names) assert.match(name, /^[a-z][a-z0-9]{1,11}$/);
    assert.equal(new Set(names).size, names.length);
  });
});
