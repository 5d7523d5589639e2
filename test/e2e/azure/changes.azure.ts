import assert from "node:assert/strict";
import { SimulatedStack } from "./simulatedProject";

describe("simulated Azure: what happens to a stack over time", () => {
  let stack: SimulatedStack;
  afterEach(() => {
    stack.close();
  });

  it("lets go of protected data as docs/environment.md says: protectData false, up, destroy, and up again", async () => {
    stack = await SimulatedStack.create("westus2", { protectData: true });
    await stack.up();
    const kept = await stack.run("destroy", "--yes", "--skip-preview");
    assert.notEqual(kept.code, 0);
    assert.match(kept.text, /protected/);
    stack.configure({ protectData: false });
    await stack.up();
    await stack.destroy();
    assert.deepEqual([...stack.simulation.state.live.keys()], []);
    // Vault, workspace and logs keep their names: the new stack must take others.
    assert.equal(stack.simulation.state.softDeleted.size, 3);
    await stack.up();
  });

  it("registers another version for another model and leaves the old one, unless told otherwise", async () => {
    stack = await SimulatedStack.create("westus2", { keepOldModelVersions: false });
    await stack.up();
    stack.calls();
    stack.changeModel();
    await stack.up();
    const versions = stack.calls().filter(({ type }) => type.endsWith(":ModelVersion"));
    assert.deepEqual(
      versions.map(({ method }) => method),
      ["create", "delete"],
    );
    assert.equal(stack.simulation.state.all(":ModelVersion").length, 1);
  });

  it("tells of a region, a size and a model that are not there, before any call", async () => {
    stack = await SimulatedStack.create("westeurope", { vmSize: "Standard_PB6s", model: "none" });
    const { code, text } = await stack.run("preview");
    assert.notEqual(code, 0);
    assert.match(text, /Standard_PB6s/);
    assert.deepEqual(stack.calls(), []);
  });

  it("deploys to a cluster that exists, without a second change, and takes only its own away", async () => {
    stack = await SimulatedStack.create("edge");
    await stack.must("preview");
    await stack.up();
    await stack.must("up", "--yes", "--skip-preview", "--expect-no-changes");
    const { text } = await stack.must("stack", "output", "--stack", "edge", "scoringUri");
    assert.equal(
      text.trim(),
      "https://scoring.edge.example.com:30100/api/v1/service/scoring-service/score",
    );
    await stack.destroy();
    assert.deepEqual([...stack.simulation.state.live.keys()], []);
  });
});
