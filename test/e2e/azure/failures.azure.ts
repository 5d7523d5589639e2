import assert from "node:assert/strict";
import { setTimeout as sleep } from "node:timers/promises";
import { SimulatedStack } from "./simulatedProject";

/** Steps at which a failure costs most: half of the stack is there. Each is tried from nothing. */
const severe = [
  "scoring-workspace",
  "scoring-nodes-pool",
  "scoring-scoring-image",
  "service-deployment",
];

const message = 'Code="InternalServerError" the test wants it so';

describe("simulated Azure: failures", () => {
  let stack: SimulatedStack;
  afterEach(() => {
    stack.close();
  });

  it("goes on from a failure at every create step", async function () {
    this.timeout(900_000);
    stack = await SimulatedStack.create("eastus");
    const { state } = stack.simulation;
    // Each failure lets everything else be created that does not need it: the next step fails on top of that.
    const failed = new Set<string>();
    const created = new Set<string>();
    const failAll = async () => {
      state.faults = [{ method: "create", at: "", message, times: Infinity, except: failed }];
      const { code, text } = await stack.run(
        "up",
        "--yes",
        "--skip-preview",
        "--continue-on-error",
      );
      const calls = stack.calls();
      const refused = calls.filter((call) => call.refused !== undefined);
      for (const call of calls) if (call.refused === undefined) created.add(call.name);
      for (const call of refused) {
        assert.equal(call.refused, message);
        assert.ok(text.includes(message), "the CLI repeats the provider's message");
        failed.add(call.name);
      }
      return { code, refused: refused.length };
    };
    for (let round = 0; round < 40; round += 1) {
      const { code, refused } = await failAll();
      if (refused === 0) {
        assert.equal(code, 0);
        break;
      }
      assert.notEqual(code, 0);
    }
    state.faults = [];
    assert.deepEqual([...failed].sort(), [...created].sort(), "every step has failed once");
    assert.ok(created.size > 50, `${created.size} steps`);
    await stack.must("up", "--yes", "--skip-preview", "--expect-no-changes");
    await stack.destroy();
    assert.deepEqual([...state.live.keys()], []);
  });

  for (const step of severe) {
    it(`completes after a failure at ${step}`, async () => {
      stack = await SimulatedStack.create("eastus");
      const { state } = stack.simulation;
      state.faults = [{ method: "create", at: step, message }];
      const { code, text } = await stack.run("up", "--yes", "--skip-preview");
      assert.notEqual(code, 0);
      assert.ok(text.includes(message), text);
      await stack.up();
      await stack.destroy();
      assert.deepEqual([...state.live.keys()], []);
    });
  }

  it("keeps what an interrupted up has created, completes on a second one and leaves nothing", async () => {
    stack = await SimulatedStack.create("eastus");
    const { state } = stack.simulation;
    state.faults = [{ method: "create", at: "scoring-aks", delayMs: 5000 }];
    const up = stack.start(["up", "--yes", "--skip-preview"]);
    while (!state.calls.some(({ name }) => name === "scoring-aks")) await sleep(50);
    up.kill("SIGINT");
    const { code } = await up.done;
    assert.notEqual(code, 0);
    assert.equal(state.all(":ManagedCluster").length, 1, "the cluster that was being created");
    await stack.up();
    await stack.destroy();
    assert.deepEqual([...state.live.keys()], []);
  });

  it("goes on with a destroy that failed", async () => {
    stack = await SimulatedStack.create("eastus");
    const { state } = stack.simulation;
    await stack.up();
    state.faults = [{ method: "delete", at: "scoring-aks", message }];
    const { code, text } = await stack.run("destroy", "--yes", "--skip-preview");
    assert.notEqual(code, 0);
    assert.ok(text.includes(message), text);
    await stack.destroy();
    assert.deepEqual([...state.live.keys()], []);
  });
});
