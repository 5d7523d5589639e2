import assert from "node:assert/strict";
import { EngineProject, homeWithoutLogin } from "../support/engineProject";

/** A mistake of a user: what is set on which stack, and the line that the preview must stop with. */
const mistakes = [
  {
    title: "no region",
    stack: "nowhere",
    settings: {},
    line: /azure-native:location is not set: .+ Mend it with: pulumi config set azure-native:location/,
  },
  {
    title: "an FPGA without its size",
    stack: "eastus",
    settings: { accelerator: "fpga" },
    line: /vmSize is not set: an FPGA stack must name its size/,
  },
  {
    title: "an FPGA in a wrong region",
    stack: "westeurope",
    settings: { "azure-native:location": "northeurope" },
    line: /vmSize is "Standard_NP10s": the size exists only in .+, not in northeurope/,
  },
  {
    title: "a retired size",
    stack: "eastus",
    settings: { vmSize: "Standard_NC6" },
    line: /vmSize is "Standard_NC6": Azure retired it on 2023-09-06/,
  },
  {
    title: "a GPU service on a CPU cluster",
    stack: "eastus",
    settings: { vmSize: "Standard_D4s_v5" },
    line: /vmSize is "Standard_D4s_v5": accelerator is gpu, but this size has no accelerator/,
  },
  {
    title: "an unknown key",
    stack: "eastus",
    settings: { replica: "2" },
    line: /replica is not a setting \(docs\/settings\.md lists them\)/,
  },
] as const;

describe("a user's mistake stops the preview by the real engine", function () {
  let project: EngineProject;

  before(() => {
    project = new EngineProject({ PULUMI_HOME: homeWithoutLogin() });
  });
  after(() => project.remove());

  for (const { title, stack, settings, line } of mistakes) {
    it(title, async () => {
      const values = Object.entries(settings).flatMap(([key, value]) => ["-c", `${key}=${value}`]);
      const run = await project.run("preview", "--stack", stack, ...values);
      assert.notEqual(run.code, 0);
      assert.match(run.output, line);
      assert.match(run.output, /\+ 1 to create\s+1 errored/);
      assert.doesNotMatch(run.output, /no resource plugin|plugin.*download|node:internal/);
    });
  }
});
