import assert from "node:assert/strict";
import { checkClusterAccelerators } from "../../components/clusterAccelerators";
import { folderWithCommands, folderWithProgram, runProgram } from "../support/program";

const gpu = {
  accelerator: "gpu",
  "fpga.resourceName": undefined,
  gpuCores: 1,
  kubeContext: "edge-1",
  replicas: 3,
} as const;
const fpga = { ...gpu, accelerator: "fpga", "fpga.resourceName": "amd.com/u250" } as const;

const question = ["--context", "edge-1", "get", "nodes", "--output=json", "--request-timeout=15s"];

/** A kubectl that answers one question only, with nodes of these allocatable resources. */
const kubectl = (nodes: readonly object[], args: readonly string[] = question) =>
  folderWithProgram(
    "kubectl",
    `if (JSON.stringify(process.argv.slice(2)) !== ${JSON.stringify(JSON.stringify(args))}) process.exit(9);
    console.log(${JSON.stringify(JSON.stringify({ items: nodes.map((allocatable) => ({ status: { allocatable } })) }))});`,
  );
const failing = (script: string) => folderWithProgram("kubectl", script);

async function check(
  searched: string,
  settings: Parameters<typeof checkClusterAccelerators>[0] = gpu,
) {
  const before = process.env["PATH"];
  process.env["PATH"] = searched;
  try {
    return await checkClusterAccelerators(settings);
  } finally {
    process.env["PATH"] = before;
  }
}

describe("the accelerators of a cluster that exists", () => {
  before(function () {
    // The stand-in is a script by its first line.
    if (process.platform === "win32") this.skip();
  });

  it("have nothing to say where all replicas fit", async () => {
    const nodes = [{ cpu: "4" }, { "nvidia.com/gpu": "1" }, { "nvidia.com/gpu": "2" }];
    assert.equal(await check(kubectl(nodes)), undefined);
    const two = kubectl([{ "amd.com/u250": "3" }]);
    assert.equal(await check(two, fpga), undefined);
  });

  it("are refused where FPGAs are fewer than replicas, since such nodes do not come by themselves", async () => {
    await assert.rejects(check(kubectl([{ "amd.com/u250": "2" }]), fpga), {
      message:
        "replicas is 3, but the cluster (edge-1) has room for 2: each takes 1 amd.com/u250, and pods cannot share an FPGA. Mend it with: pulumi config set replicas 2",
    });
  });

  it("are asked in the current context where none is set, and not at all on accelerator cpu", async () => {
    const nodes = kubectl([{ "nvidia.com/gpu": "3" }], question.slice(2));
    assert.equal(await check(nodes, { ...gpu, kubeContext: undefined }), undefined);
    assert.equal(await check(kubectl([]), { ...gpu, accelerator: "cpu" }), undefined);
  });

  for (const [settings, nodes, message] of [
    [
      gpu,
      [{ cpu: "4" }, { "nvidia.com/gpu": "0", "amd.com/u250": "1" }],
      "accelerator is gpu, but the cluster (edge-1) cannot hold the service: none of its nodes (2) offers nvidia.com/gpu. Add such a node with its device plugin, name the cluster with: pulumi config set kubeContext CONTEXT, or run without: pulumi config set accelerator cpu",
    ],
    [
      fpga,
      [{ "nvidia.com/gpu": "8" }],
      "accelerator is fpga, but the cluster (edge-1) cannot hold the service: none of its nodes (1) offers amd.com/u250. Add such a node with its device plugin, name the cluster with: pulumi config set kubeContext CONTEXT, or run without: pulumi config set accelerator cpu",
    ],
    [
      { ...gpu, gpuCores: 4 },
      [{ "nvidia.com/gpu": "1" }, { "nvidia.com/gpu": "2" }],
      "accelerator is gpu, but the cluster (edge-1) cannot hold the service: each replica takes 4 nvidia.com/gpu (gpuCores), and no node offers more than 2. Take fewer with: pulumi config set gpuCores 2",
    ],
  ] as const) {
    it(`refuse ${settings.gpuCores} ${settings.accelerator} where no node has them`, async () => {
      await assert.rejects(check(kubectl(nodes), settings), { message });
    });
  }

  it("warn of replicas that will wait", async () => {
    const nodes = kubectl([{ "nvidia.com/gpu": "3" }, { "nvidia.com/gpu": "1" }]);
    assert.equal(
      await check(nodes, { ...gpu, gpuCores: 2 }),
      "The nodes of the cluster (edge-1) hold 1 of 3 replicas at 2 nvidia.com/gpu each: the others wait until a node is added",
    );
  });

  for (const [title, searched, why] of [
    ["there is no kubectl", folderWithCommands(), "kubectl cannot be found on PATH"],
    [
      "the cluster cannot be reached",
      failing(
        `console.error("E1122 memcache.go:265] retrying\\nUnable to connect to the server: EOF"); process.exitCode = 1;`,
      ),
      "Unable to connect to the server: EOF",
    ],
    ["the answer is none", failing(`console.log("<html>");`), "kubectl's answer could not be read"],
  ] as const) {
    it(`warn that they were not checked where ${title}`, async () => {
      assert.equal(
        await check(searched),
        `Whether the cluster (edge-1) offers nvidia.com/gpu was not checked: ${why}`,
      );
    });
  }

  it("stop the program before anything is registered", async () => {
    const searched = kubectl([{ cpu: "4" }], question.slice(2));
    await assert.rejects(runProgram("edge", { accelerator: "gpu" }, { searched }), {
      message:
        "accelerator is gpu, but the cluster (current context) cannot hold the service: none of its nodes (1) offers nvidia.com/gpu. Add such a node with its device plugin, name the cluster with: pulumi config set kubeContext CONTEXT, or run without: pulumi config set accelerator cpu",
    });
  });
});
