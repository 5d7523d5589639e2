import assert from "node:assert/strict";
import { tritonImage } from "../../support/stack";
import { SimulatedStack } from "./simulatedProject";

const triton = { "runtime.kind": "triton" };

/** The service's Deployment as the simulated cluster has it. */
function podOf(stack: SimulatedStack) {
  const [deployment] = stack.simulation.state.all("apps/v1:Deployment");
  const { template } = deployment?.inputs["spec"] as {
    readonly template: {
      readonly spec: {
        readonly initContainers?: readonly { readonly name: string; readonly image: string }[];
        readonly containers: readonly { readonly image: string }[];
      };
    };
  };
  return template.spec;
}

const updated = (stack: SimulatedStack) =>
  stack
    .calls()
    .filter(({ method }) => method === "update")
    .map(({ name }) => name)
    .sort();

describe("simulated Azure: what runs the model", () => {
  let stack: SimulatedStack;
  afterEach(() => {
    const refused = stack.simulation.state.calls.filter((call) => call.refused !== undefined);
    stack.close();
    assert.deepEqual(refused, [], "no call is refused");
  });

  it("previews a Triton stack without a call that changes anything, and says what was not tried", async () => {
    stack = await SimulatedStack.create("eastus", triton);
    const { text } = await stack.must("preview");
    assert.deepEqual(stack.calls(), []);
    assert.match(text, /it has not run on a GPU here/);
  });

  it("swaps CUDA for Triton beside the server by one setting, and back", async () => {
    stack = await SimulatedStack.create("eastus");
    await stack.up();
    stack.calls();
    stack.configure(triton);
    await stack.up();
    const swapped = ["scoring-scoring-image", "service-config", "service-deployment"];
    assert.deepEqual(updated(stack), [...swapped, "service-network"]);
    const { initContainers = [], containers } = podOf(stack);
    assert.deepEqual(
      initContainers.map(({ name, image }) => [name, image]),
      [
        ["model", containers[0]?.image],
        ["runtime", tritonImage],
      ],
    );
    await stack.must("up", "--yes", "--skip-preview", "--expect-no-changes");
    stack.configure({});
    await stack.up();
    assert.equal(podOf(stack).initContainers, undefined);
    await stack.destroy();
  });

  it("previews an FPGA stack with its end, its limits and what was never tried on a card", async () => {
    stack = await SimulatedStack.create("westeurope", {
      "fpga.driverInstallerImage": "registry.example.com/xrt:2",
    });
    const { text } = await stack.must("preview");
    for (const said of [
      /Standard_NP10s ends on 2027-05-31; Azure then deallocates its machines/,
      /closed to new subscriptions/,
      /nothing of this has ever run on a card here/,
      /there is no spare FPGA for a new replica/,
    ]) {
      assert.match(text, said);
    }
    assert.deepEqual(stack.calls(), []);
  });

  it("previews the edge stack with what an update means there", async () => {
    stack = await SimulatedStack.create("edge");
    const { text } = await stack.must("preview");
    assert.match(text, /rollout is recreate/);
    assert.deepEqual(stack.calls(), []);
  });
});
