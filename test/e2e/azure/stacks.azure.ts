import assert from "node:assert/strict";
import { SimulatedStack } from "./simulatedProject";

/** The shipped stacks, with another VM size of the same accelerator for the blue/green change. */
const stacks = [
  { name: "eastus", otherSize: "Standard_NC8as_T4_v3", replicas: 2 },
  { name: "westus2", otherSize: "Standard_D8s_v5", replicas: undefined },
  { name: "westeurope", otherSize: "Standard_NP20s", replicas: 2 },
  { name: "southeastasia", otherSize: "Standard_NC8as_T4_v3", replicas: undefined },
] as const;

/** Logical names of the calls of one method, in their order. */
const names = (stack: SimulatedStack, method: string, type = "") =>
  stack
    .calls()
    .filter((call) => call.method === method && call.type.includes(type))
    .map(({ name }) => name);

describe("simulated Azure: every shipped stack", function () {
  for (const { name, otherSize, replicas } of stacks) {
    describe(name, () => {
      let stack: SimulatedStack;
      before(async () => {
        stack = await SimulatedStack.create(name);
      });
      after(() => {
        stack.close();
      });
      afterEach(() => {
        const refused = stack.simulation.state.calls.filter((call) => call.refused !== undefined);
        assert.deepEqual(refused, [], "no call is refused");
        stack.calls();
      });

      it("previews without a call that changes anything", async () => {
        await stack.must("preview");
        assert.deepEqual(stack.calls(), []);
      });

      it("comes up, and a second up changes nothing", async () => {
        await stack.up();
        const { live } = stack.simulation.state;
        assert.ok(live.size > 40, `${live.size} resources`);
        stack.calls();
        await stack.must("up", "--yes", "--skip-preview", "--expect-no-changes");
        assert.deepEqual(stack.calls(), []);
      });

      it("keeps keys, passwords, kubeconfig and connection strings encrypted in its state", async () => {
        const { text } = await stack.must("stack", "export", "--stack", name);
        for (const clear of [
          "BEGIN EC PRIVATE KEY",
          "client.authentication.k8s.io",
          "InstrumentationKey=",
          "refresh-token-",
          "token-of-the-deployer",
          ...stack.generatedKeys(),
        ]) {
          assert.ok(!text.includes(clear), `${clear} is in the exported state`);
        }
      });

      if (replicas !== undefined) {
        it("updates the Deployment alone for another number of replicas", async () => {
          stack.configure({ replicas });
          await stack.up();
          assert.deepEqual(names(stack, "update"), ["service-deployment"]);
        });
      }

      it("brings the new pool up before the old one goes when the VM size changes", async () => {
        stack.configure({ vmSize: otherSize, ...(replicas === undefined ? {} : { replicas }) });
        await stack.up();
        const pools = stack
          .calls()
          .filter(({ type }) => type.endsWith(":AgentPool"))
          .map(({ method }) => method);
        assert.deepEqual(pools, ["create", "delete"]);
      });

      it("goes down in the order of what depends on what, and leaves nothing", async () => {
        const order = await stack.destroyInOrder();
        assertBefore(order, "service-deployment", "scoring-scoring-image");
        assertBefore(order, "scoring-scoring-image", "scoring-model-model");
        for (const object of order.filter((one) => one.startsWith("service-"))) {
          if (!/keys|certificate/.test(object)) assertBefore(order, object, "scoring-aks");
        }
        assert.deepEqual([...stack.simulation.state.live.keys()], []);
      });
    });
  }
});

function assertBefore(order: readonly string[], first: string, second: string): void {
  assert.ok(order.includes(first), `${first} among ${order.join(", ")}`);
  assert.ok(order.includes(second), `${second} among ${order.join(", ")}`);
  assert.ok(order.indexOf(first) < order.indexOf(second), `${first} goes before ${second}`);
}
