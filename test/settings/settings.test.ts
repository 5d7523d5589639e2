import assert from "node:assert/strict";
import * as pulumi from "@pulumi/pulumi";
import { loadSettings } from "../../settings";
import { ConfigValues } from "../../settings/configValues";
import { definitions } from "../../settings/definitions";
import { declarations, project, stackConfig, tritonImage, useConfig } from "../support/stack";
import { refusedSettings } from "./refused";

const today = new Date("2026-11-22");
const pemKey = "-----BEGIN PRIVATE KEY-----\nMIIB\n-----END PRIVATE KEY-----";
const pemCertificate = "-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----";

async function load(
  stack: string,
  overrides: Readonly<Record<string, unknown>> = {},
  secrets: readonly string[] = [],
  now = today,
) {
  const unexpected = () => {
    throw new Error("settings must not create or call anything");
  };
  await pulumi.runtime.setMocks(
    { newResource: unexpected, call: unexpected },
    project,
    stack,
    true,
  );
  useConfig(stack, overrides, secrets);
  return loadSettings(now);
}

/** Lines of the refusal; fails when the settings are accepted. */
async function refusal(...args: Parameters<typeof load>): Promise<string[]> {
  try {
    await load(...args);
  } catch (error) {
    assert(pulumi.RunError.isInstance(error), String(error));
    return error.message.split("\n");
  }
  return assert.fail("the settings were accepted");
}

describe("settings", () => {
  describe("Pulumi.yaml", () => {
    it("declares exactly the keys that settings.ts reads, each with a description", () => {
      assert.deepEqual(Object.keys(declarations()), Object.keys(definitions));
      for (const { description } of Object.values(declarations())) assert.match(description, /\w/);
    });

    it("has defaults that settings.ts accepts", () => {
      pulumi.runtime.setAllConfig(stackConfig("nowhere"));
      const config = new ConfigValues(Object.keys(definitions), project);
      for (const [key, { parse }] of Object.entries(definitions)) {
        assert.notEqual(parse(config.get(key).text), undefined, key);
      }
    });
  });

  describe("refuses", () => {
    for (const { title, stack, overrides, lines } of refusedSettings) {
      it(title, async () => {
        const [head, ...problems] = await refusal(stack, overrides);
        const count = lines.length === 1 ? "a problem" : `${lines.length} problems`;
        assert.equal(head, `The settings of stack ${stack} have ${count}:`);
        assert.deepEqual(
          problems,
          lines.map((line) => `- ${line}`),
        );
      });
    }

    it("keys in clear text, without printing them", async () => {
      assert.deepEqual((await refusal("eastus", { primaryKey: "abcdefgh12" })).slice(1), [
        "- primaryKey is set in clear text: it must be encrypted. Mend it with: pulumi config set --secret primaryKey VALUE",
      ]);
    });

    it("a key that is too short, without printing it", async () => {
      assert.deepEqual(
        (await refusal("eastus", { primaryKey: "short" }, ["primaryKey"])).slice(1),
        [
          '- primaryKey is "(secret)": it must be empty or 8 to 256 printable characters without spaces. Mend it with: pulumi config set --secret primaryKey $(openssl rand -hex 16)',
        ],
      );
    });

    it("keys of an open service", async () => {
      assert.deepEqual(
        (await refusal("eastus", { auth: "none", primaryKey: "abcdefgh" }, ["primaryKey"])).slice(
          1,
        ),
        [
          "- primaryKey is set, but auth is none: no key is asked for. Mend it with: pulumi config rm primaryKey",
        ],
      );
    });

    it("a stack whose name makes a workspace's too long", async () => {
      assert.deepEqual(
        (
          await refusal("a-rather-long-stack-name", {
            "azure-native:location": "eastus",
          })
        ).slice(1),
        [
          '- The workspace would be named "scoring-a-rather-long-stack-name-xxxxxx" (39 characters): Azure allows 3 to 33 letters, digits, hyphens and underscores. Shorten the stack\'s name with: pulumi stack rename SHORTER, or the base name with: pulumi config set name SHORTER',
        ],
      );
    });

    it("too many authorised ranges", async () => {
      const ranges = Array.from({ length: 200 }, (_, index) => `10.0.${index}.0/24`);
      assert.deepEqual((await refusal("eastus", { authorizedIpRanges: ranges })).slice(1), [
        "- authorizedIpRanges has 200 ranges: AKS takes 200 with the deployer's own. Mend it with: pulumi config set authorizedIpRanges '[\"203.0.113.0/24\"]'",
      ]);
    });

    it("a size on the day of its retirement", async () => {
      assert.match(
        (await refusal("westeurope", {}, [], new Date("2027-05-31")))[1] ?? "",
        /^- vmSize is "Standard_NP10s": Azure retired it on 2027-05-31, its successor is Standard_NC4as_T4_v3;/,
      );
    });
  });

  describe("accepts", () => {
    it("a retired size with allowRetiredVmSize", async () => {
      const { nodes } = await load("eastus", {
        vmSize: "Standard_NC6",
        allowRetiredVmSize: true,
        // Its GPU is older than what the CUDA image drives; an image of one's own may.
        "image.build": "none",
        "image.reference": "registry.example.com/cuda-11:1",
      });
      assert.equal(nodes?.size.name, "Standard_NC6");
    });

    it("a GPU that the CUDA image does not drive, with a runtime that may", async () => {
      const { nodes } = await load("eastus", {
        vmSize: "Standard_ND40rs_v2",
        "runtime.kind": "triton",
        "runtime.image": "nvcr.io/nvidia/tritonserver:25.04-py3",
      });
      assert.equal(nodes?.size.accelerator?.model, "V100");
    });

    it("Triton by one setting, and by the image that is named", async () => {
      const imageOf = async (overrides: object) =>
        (await load("eastus", { "runtime.kind": "triton", ...overrides }))["runtime.image"];
      assert.equal(await imageOf({}), tritonImage);
      const named = "nvcr.io/nvidia/tritonserver:26.08-py3";
      assert.equal(await imageOf({ "runtime.image": named }), named);
      assert.equal((await load("eastus"))["runtime.image"], undefined);
    });

    it("the resource names of new and of old device plugins", async () => {
      for (const name of [
        "amd.com/xilinx_u250-0",
        "xilinx.com/fpga-xilinx_u250_201830_1-1561665990",
      ]) {
        const settings = await load("westeurope", { "fpga.resourceName": name });
        assert.equal(settings["fpga.resourceName"], name);
      }
    });

    it("parts of an object, as `pulumi config set --path` writes them", async () => {
      const { autoscale, mostTls } = await load("westus2", {
        "autoscale.enabled": undefined,
        autoscale: { enabled: true, minReplicas: 1, maxReplicas: "4", targetUtilization: 55 },
      }).then((settings) => ({
        autoscale: [settings["autoscale.enabled"], settings["autoscale.targetUtilization"]],
        mostTls: settings["tls.mode"],
      }));
      assert.deepEqual({ autoscale, mostTls }, { autoscale: [true, 55], mostTls: "generated" });
    });

    it("target local without any Azure setting", async () => {
      const { target, location, nodes } = await load("dev");
      assert.deepEqual(
        { target, location, nodes },
        { target: "local", location: "", nodes: undefined },
      );
    });

    it("an own certificate with encrypted key", async () => {
      const settings = await load(
        "eastus",
        {
          "tls.mode": "own",
          "tls.host": "score.example.com",
          "tls.certificate": pemCertificate,
          "tls.key": pemKey,
        },
        ["tls.key"],
      );
      assert(settings.secrets.tlsKey);
      assert.equal(await pulumi.isSecret(settings.secrets.tlsKey), true);
      assert(!JSON.stringify(settings).includes("PRIVATE KEY"));
    });

    it("the devices that MIG makes of a card", async () => {
      const { nodes } = await load("eastus", {
        vmSize: "Standard_NC24ads_A100_v4",
        gpuInstanceProfile: "MIG1g",
        replicas: 7,
        nodeCount: 1,
        clusterPurpose: "devTest",
      });
      assert.equal(nodes?.acceleratorsPerNode, 7);
    });
  });

  it("is frozen", async () => {
    const settings = await load("eastus");
    assert(Object.isFrozen(settings) && Object.isFrozen(settings.nodes));
  });

  describe("notices", () => {
    const api = "The API server answers only the address this runs from.";
    const one = (most: number, kind: string) =>
      `Updates replace one replica at a time and run with ${most - 1} of ${most} meanwhile: there is no spare ${kind} for a new replica to start beside the old ones.`;

    for (const [stack, notices] of Object.entries({
      eastus: [api, one(3, "GPU")],
      westus2: [api, one(3, "room")],
      southeastasia: [api, one(1, "GPU")],
      edge: [
        "Updates end every replica before a new one starts (rollout is recreate): the service is away meanwhile.",
      ],
      dev: [],
      westeurope: [
        'vmSize is "Standard_NP10s": Azure retires it on 2027-05-31, within a year; AKS does not move the nodes, plan for Standard_NC4as_T4_v3.',
        "FPGA: Standard_NP10s ends on 2027-05-31; Azure then deallocates its machines.",
        "FPGA: Standard_NP10s is closed to new subscriptions; yours must already have quota for it.",
        "FPGA: AKS support for the NP series is being retired, and no current node image has been shown to drive its cards.",
        "FPGA: nothing of this has ever run on a card here: neither the driver installer, the device plugin nor a runtime; the server's side of the protocol was tried with runtimes on a CPU.",
        api,
        one(3, "FPGA"),
      ],
    })) {
      it(`of ${stack}`, async () => {
        assert.deepEqual((await load(stack)).notices, notices);
      });
    }

    it("say what has not been run of Triton", async () => {
      const { notices } = await load("eastus", { "runtime.kind": "triton" });
      assert.deepEqual(notices, [
        "runtime.kind is triton: what starts Triton has been checked against Kubernetes's rules only; it has not run on a GPU here.",
        api,
        one(3, "GPU"),
      ]);
    });

    it("name open services, clear text, spot nodes, private API servers and sizes closed to new subscriptions", async () => {
      const { notices } = await load("eastus", {
        auth: "none",
        "tls.mode": "none",
        allowClearText: true,
        spot: true,
        apiAccess: "private",
        systemVmSize: "Standard_D4s_v3",
        nodeCount: 4,
      });
      assert.deepEqual(notices, [
        'systemVmSize is "Standard_D4s_v3": new subscriptions cannot create it and nobody gets more quota for it.',
        "spot is true: Azure may evict the accelerator nodes at any time, and the service with them.",
        "auth is none: whoever reaches the service may score, no key is asked for.",
        "tls.mode is none on a public address: pictures, answers and keys travel in clear text.",
        "apiAccess is private: run pulumi from a machine inside the cluster's virtual network or one peered with it; from anywhere else the Kubernetes resources cannot be created.",
      ]);
    });
  });
});
