import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import path from "node:path";
import * as pulumi from "@pulumi/pulumi";
import { httpServer } from "./support/httpServer";
import { find, isSecretInput, reveal, typesAndNames as names } from "./support/pulumiMocks";
import { runProgram } from "./support/program";

async function refusal(...args: Parameters<typeof runProgram>): Promise<string> {
  try {
    await runProgram(...args);
  } catch (error) {
    assert(pulumi.RunError.isInstance(error), String(error));
    return error.message;
  }
  return assert.fail("the program ran");
}

describe("the program, by its settings", () => {
  it("uses the user's own keys and keeps those it generated", async () => {
    const { exported, registrations } = await runProgram(
      "eastus",
      { primaryKey: "my-own-key-1" },
      { secrets: ["primaryKey"] },
    );
    assert.deepEqual(await reveal(exported["primaryKey"]), { value: "my-own-key-1", secret: true });
    assert.equal(registrations.filter(({ type }) => type.endsWith("RandomPassword")).length, 2);
  });

  it("generates another key when its generation counts up", async () => {
    const changed = await runProgram("eastus", { secondaryKeyGeneration: 2 });
    const keepers = (role: string) =>
      find(changed, "RandomPassword", `service-keys-${role}`).inputs["keepers"];
    assert.deepEqual(keepers("primary"), { generation: "1" });
    assert.deepEqual(keepers("secondary"), { generation: "2" });
  });

  it("has neither keys nor their Secret on an open service", async () => {
    const open = await runProgram("eastus", { auth: "none" });
    assert.equal(open.exported["primaryKey"], undefined);
    assert(!names(open).some((name) => /RandomPassword|Secret service-keys/.test(name)));
  });

  it("deploys an own certificate without making a CA", async () => {
    const block = (kind: string) => `-----BEGIN ${kind}-----\nMIIB\n-----END ${kind}-----`;
    const own = await runProgram(
      "eastus",
      {
        "tls.mode": "own",
        "tls.host": "score.example.com",
        "tls.certificate": block("CERTIFICATE"),
        "tls.key": block("PRIVATE KEY"),
      },
      { secrets: ["tls.key"] },
    );
    assert(!names(own).some((name) => name.includes("tls:index")));
    assert(isSecretInput(find(own, "v1:Secret", "service-tls").inputs["stringData"]));
    assert.equal(
      (await reveal(own.exported["scoringUri"])).value,
      "https://score.example.com/api/v1/service/scoring-service/score",
    );
  });

  it("builds in an ACR task where there is no Docker", async () => {
    const source = "https://github.com/ORG/REPO.git#main:scoring-image";
    const acr = await runProgram("eastus", { "image.build": "acr", "image.source": source });
    assert(!names(acr).some((name) => name.includes("docker:")));
    const { runRequest } = find(acr, "TaskRun").inputs as { runRequest: Record<string, unknown> };
    assert.equal(runRequest["sourceLocation"], source);
    assert.equal(runRequest["target"], "cuda");
    const digest = `sha256:${"1".repeat(64)}`;
    for (const [output, value] of Object.entries({
      imageRef: `scoringcrabc123.azurecr.io/scoring-image@${digest}`,
      imageDigest: digest,
      imageRunId: "ca1",
      imageLogAddress: "https://scoringcrabc123.azurecr.io/acr/runs:ca1",
    })) {
      assert.equal((await reveal(acr.exported[output])).value, value, output);
    }
  });

  it("looks the deployer's own address up where none is set", async () => {
    const { url, close } = await httpServer((_, response) => response.end("198.51.100.4\n"));
    try {
      const found = await runProgram("eastus", {
        deployerIpRange: "auto",
        deployerAddressUrl: url,
        authorizedIpRanges: ["192.0.2.0/24"],
      });
      assert.deepEqual(find(found, "ManagedCluster").inputs["apiServerAccessProfile"], {
        authorizedIPRanges: ["192.0.2.0/24", "198.51.100.4/32"],
        disableRunCommand: true,
      });
    } finally {
      await close();
    }
  });

  it("refuses before anything is created where the deployer's address cannot be found", async () => {
    const url = "http://127.0.0.1:9/";
    assert.equal(
      await refusal("eastus", { deployerIpRange: "auto", deployerAddressUrl: url }),
      `deployerIpRange is auto, but ${url} could not be asked for this machine's address: fetch failed. Set it yourself with: pulumi config set deployerIpRange ADDRESS/32`,
    );
  });

  it("is imported and registered in ten seconds of CPU time", () => {
    const script = `
      const { runProgram } = require(${JSON.stringify(path.join(__dirname, "support", "program.ts"))});
      runProgram("eastus").then(() => {
        const { user, system } = process.cpuUsage();
        console.log("ms", Math.round((user + system) / 1000));
      });`;
    const output = execFileSync(process.execPath, ["--import", "tsx", "-e", script], {
      encoding: "utf8",
      cwd: path.join(__dirname, ".."),
      stdio: ["ignore", "pipe", "ignore"],
    });
    const ms = Number(/ms (\d+)/.exec(output)?.[1]);
    assert(ms > 0 && ms < 10_000, output);
  });
});
