import assert from "node:assert/strict";
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import path from "node:path";
import { parseAllDocuments, stringify } from "yaml";
import { manifests } from "./cluster/manifests";
import { kubernetesProblems } from "./simulation/kubernetesSchema";
import { fixtures } from "./support/paths";
import { tritonSettings } from "./support/stack";

/** Stacks whose manifests differ in kind: an existing cluster, GPUs with a device plugin, FPGAs with a runtime, GPUs with Triton. */
const stacks = {
  edge: {},
  eastus: {},
  westeurope: { "fpga.driverInstallerImage": "registry.example.com/xrt-installer:2" },
  eastusTriton: tritonSettings,
};

const goldenFile = (stack: string) => path.join(fixtures, "manifests", `${stack}.yaml`);

describe("manifests", () => {
  for (const [stack, overrides] of Object.entries(stacks)) {
    it(`of ${stack} are what was read and approved (UPDATE_MANIFESTS=1 writes them anew)`, async () => {
      const text = (await manifests(stack.replace("Triton", ""), overrides))
        .map((object) => stringify(object))
        .join("---\n");
      if (process.env["UPDATE_MANIFESTS"]) {
        mkdirSync(path.dirname(goldenFile(stack)), { recursive: true });
        writeFileSync(goldenFile(stack), text);
      }
      assert.equal(text, readFileSync(goldenFile(stack), "utf8"));
    });

    it(`of ${stack} are valid by Kubernetes's OpenAPI file`, () => {
      const objects = parseAllDocuments(readFileSync(goldenFile(stack), "utf8"));
      assert.ok(objects.length > 3);
      for (const object of objects) {
        assert.deepEqual(kubernetesProblems(object.toJS() as Record<string, unknown>), []);
      }
    });
  }

  it("would be found invalid with a field that Kubernetes does not have", () => {
    const [first] = parseAllDocuments(readFileSync(goldenFile("edge"), "utf8"));
    const object = { ...(first?.toJS() as Record<string, unknown>), sepc: {} };
    assert.equal(kubernetesProblems(object).length, 1);
  });
});
