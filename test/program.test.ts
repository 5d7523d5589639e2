import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import path from "node:path";
import * as pulumi from "@pulumi/pulumi";
import { find, isSecretInput, reveal, type Registration } from "./support/pulumiMocks";
import { runProgram, type ProgramRun } from "./support/program";
import { edgeResources, gpuResources, notOnCpu, onlyOnCpu } from "./resources";

const lines = ({ registrations }: ProgramRun) =>
  registrations
    .map(
      ({ parent, type, name }) =>
        `${parent || "stack"} > ${type.replace("accelerated-scoring:", "")} ${name.replace(/-[0-9a-f]{12}$/, "-HASH")}`,
    )
    .sort();

const azureOutputs = [
  "caCertificate",
  "clusterName",
  "clusterState",
  "grpcEndpoint",
  "imageDigest",
  "imageLogAddress",
  "imageRef",
  "imageRunId",
  "keyVaultName",
  "kubeconfig",
  "location",
  "modelId",
  "primaryKey",
  "resourceGroup",
  "scoringUri",
  "secondaryKey",
  "serviceState",
  "subscriptionId",
  "swaggerUri",
  "workspaceName",
];

async function refusal(...args: Parameters<typeof runProgram>): Promise<string> {
  try {
    await runProgram(...args);
  } catch (error) {
    assert(pulumi.RunError.isInstance(error), String(error));
    return error.message;
  }
  return assert.fail("the program ran");
}

const untaggable = new Set([
  "authorization:RoleAssignment",
  "storage:Blob",
  "storage:BlobContainer",
  "machinelearningservices:Datastore",
  "machinelearningservices:ModelContainer",
  "machinelearningservices:ModelVersion",
  "containerregistry:TaskRun",
]);
const isTaggable = ({ type }: Registration) =>
  type.startsWith("azure-native:") && !untaggable.has(type.slice("azure-native:".length));

describe("the program", () => {
  const runs = new Map<string, ProgramRun>();
  const run = (stack: string) => {
    const found = runs.get(stack);
    assert(found);
    return found;
  };

  before(async () => {
    for (const stack of ["eastus", "westus2", "westeurope", "southeastasia", "edge"]) {
      runs.set(stack, await runProgram(stack));
    }
  });

  const cpuResources = [...gpuResources.filter((line) => !notOnCpu.includes(line)), ...onlyOnCpu];
  for (const [stack, resources] of Object.entries({
    eastus: gpuResources,
    southeastasia: gpuResources,
    westeurope: gpuResources,
    westus2: cpuResources.sort(),
    edge: edgeResources,
  })) {
    it(`registers exactly its resources on ${stack}`, () => {
      assert.deepEqual(lines(run(stack)), resources);
    });

    it(`keeps keys secret on ${stack}`, async () => {
      const { primaryKey, secondaryKey } = run(stack).exported;
      assert.deepEqual(await reveal(primaryKey), {
        value: "service-keys-primary-value",
        secret: true,
      });
      assert.equal((await reveal(secondaryKey)).secret, true);
    });
  }

  it("runs the server on this machine on dev, with two keys of its own", async () => {
    const local = await runProgram("dev", { replicas: 2, maxQueueWaitMs: 750 });
    assert.deepEqual(lines(local), [
      "LocalScoringService service > pulumi-nodejs:dynamic/LocalKeys service-keys",
      "LocalScoringService service > pulumi-nodejs:dynamic/LocalProcess service-process",
      "stack > localScoringService:LocalScoringService service",
    ]);
    const { inputs } = find(local, "LocalProcess");
    assert(isSecretInput(inputs["primaryKey"]) && isSecretInput(inputs["secondaryKey"]));
    assert.equal(inputs["maxQueueWaitMs"], 750);
    assert.equal(inputs["modelFolder"], "scoring-image/models/efficientnet-lite0");
    assert.deepEqual(Object.keys(local.exported).sort(), [
      "grpcEndpoint",
      "logFile",
      "modelId",
      "primaryKey",
      "scoringUri",
      "secondaryKey",
      "serviceState",
      "swaggerUri",
    ]);
    assert.equal((await reveal(local.exported["primaryKey"])).secret, true);
  });

  for (const stack of ["eastus", "westus2", "westeurope", "southeastasia"]) {
    it(`exports exactly its outputs on ${stack}, the kubeconfig secret`, async () => {
      const { exported } = run(stack);
      assert.deepEqual(Object.keys(exported).sort(), azureOutputs);
      const { value, secret } = await reveal(exported["kubeconfig"]);
      assert.equal(secret, true);
      assert.match(String(value), /"--login","azurecli"/);
    });

    it(`tags every taggable resource on ${stack}`, () => {
      const taggable = run(stack).registrations.filter(isTaggable);
      assert.equal(taggable.length, 12);
      for (const { inputs, name } of taggable) {
        assert.deepEqual(inputs["tags"], { project: "accelerated-scoring", stack }, name);
      }
    });

    it(`sends everything of Kubernetes through the cluster's own provider on ${stack}`, () => {
      const objects = run(stack).registrations.filter(({ type }) => type.startsWith("kubernetes:"));
      assert(objects.length >= 9);
      for (const { name, options } of objects) {
        assert.equal(options.provider, "scoring-kubernetes", name);
        assert.equal(options.deletedWith, "scoring-aks", name);
      }
    });
  }

  it("exports what a cluster that exists can tell", () => {
    assert.deepEqual(Object.keys(run("edge").exported).sort(), [
      "caCertificate",
      "clusterName",
      "grpcEndpoint",
      "imageDigest",
      "imageRef",
      "modelId",
      "primaryKey",
      "scoringUri",
      "secondaryKey",
      "serviceState",
      "swaggerUri",
    ]);
  });

  for (const [stack, uri, swagger, grpc] of [
    [
      "eastus",
      "https://scoring-service-abc123.eastus.cloudapp.azure.com/api/v1/service/scoring-service/score",
      "https://scoring-service-abc123.eastus.cloudapp.azure.com/api/v1/service/scoring-service/swagger.json",
      "scoring-service-abc123.eastus.cloudapp.azure.com:443",
    ],
    [
      "westeurope",
      "https://scoring-service-abc123.westeurope.cloudapp.azure.com/",
      "https://scoring-service-abc123.westeurope.cloudapp.azure.com/api/v1/service/scoring-service/swagger.json",
      "scoring-service-abc123.westeurope.cloudapp.azure.com:443",
    ],
  ] as const) {
    it(`exports the addresses that clients of ${stack} expect`, async () => {
      const { scoringUri, swaggerUri, grpcEndpoint } = run(stack).exported;
      assert.equal((await reveal(scoringUri)).value, uri);
      assert.equal((await reveal(swaggerUri)).value, swagger);
      assert.equal((await reveal(grpcEndpoint)).value, grpc);
    });
  }

  it("protects data, and nothing else, unless the stack says otherwise", () => {
    const protectedNames = (stack: string) =>
      run(stack)
        .registrations.filter(({ options }) => options.protect)
        .map(({ name }) => name)
        .sort();
    assert.deepEqual(protectedNames("eastus"), [
      "scoring-group",
      "scoring-insights",
      "scoring-logs",
      "scoring-registry",
      "scoring-storage",
      "scoring-vault",
      "scoring-workspace",
    ]);
    assert.deepEqual(protectedNames("southeastasia"), []);
  });

  it("registers the outputs of every component", () => {
    assert.deepEqual(Object.fromEntries(run("eastus").outputs), {
      "AcceleratorPool scoring-nodes": ["poolName"],
      "AzureEnvironment scoring": ["imageDigest", "imageRef", "subscriptionId"],
      "Cluster scoring": ["clusterName", "clusterState", "kubeconfig", "oidcIssuerUrl"],
      "ClusterIdentities scoring-cluster": ["controlPlane", "granted", "kubelet"],
      "DevicePlugin scoring-device": ["daemonSetName"],
      "Foundation scoring": ["location", "resourceGroup", "resourceGroupId", "suffix"],
      "RegisteredModel scoring-model": ["modelId"],
      "Registry scoring": [
        "loginServer",
        "pullGranted",
        "pushGranted",
        "registryId",
        "registryName",
      ],
      "ScoringDeployment service": ["caCertificate", "primaryKey", "secondaryKey"],
      "ScoringImage scoring-scoring": ["imageDigest", "imageRef"],
      "ScoringService service": ["grpcEndpoint", "scoringUri", "serviceState", "swaggerUri"],
      "ServiceCertificate service-certificate": ["caCertificate", "certificate", "privateKey"],
      "ServiceKeys service-keys": ["primaryKey", "secondaryKey"],
      "Workspace scoring": ["insightsConnection", "keyVault", "storageAccount", "workspaceName"],
    });
  });

  it("sends keys, private keys and the kubeconfig only as secrets", () => {
    const eastus = run("eastus");
    for (const [type, name, field] of [
      ["v1:Secret", "service-keys", "stringData"],
      ["v1:Secret", "service-tls", "stringData"],
      ["providers:kubernetes", "scoring-kubernetes", "kubeconfig"],
      ["certRequest:CertRequest", "service-certificate-request", "privateKeyPem"],
    ] as const) {
      assert(isSecretInput(find(eastus, type, name).inputs[field]), name);
    }
    const { registry } = find(eastus, "image:Image").inputs as { registry: unknown };
    assert(isSecretInput(registry) || isSecretInput((registry as { password: unknown }).password));
  });

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
    assert(!lines(open).some((line) => /RandomPassword|Secret service-keys/.test(line)));
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
    assert(!lines(own).some((line) => line.includes("tls:index")));
    assert(isSecretInput(find(own, "v1:Secret", "service-tls").inputs["stringData"]));
    assert.equal(
      (await reveal(own.exported["scoringUri"])).value,
      "https://score.example.com/api/v1/service/scoring-service/score",
    );
  });

  it("builds in an ACR task where there is no Docker", async () => {
    const source = "https://github.com/ORG/REPO.git#main:scoring-image";
    const acr = await runProgram("eastus", { "image.build": "acr", "image.source": source });
    assert(!lines(acr).some((line) => line.includes("docker:")));
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
    const server = createServer((_, response) => response.end("198.51.100.4\n"));
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    const { port } = server.address() as AddressInfo;
    try {
      const found = await runProgram("eastus", {
        deployerIpRange: "auto",
        deployerAddressUrl: `http://127.0.0.1:${port}/`,
        authorizedIpRanges: ["192.0.2.0/24"],
      });
      assert.deepEqual(find(found, "ManagedCluster").inputs["apiServerAccessProfile"], {
        authorizedIPRanges: ["192.0.2.0/24", "198.51.100.4/32"],
        disableRunCommand: true,
      });
    } finally {
      server.close();
    }
  });

  it("refuses before anything is created where the deployer's address cannot be found", async () => {
    const url = "http://127.0.0.1:9/";
    assert.equal(
      await refusal("eastus", { deployerIpRange: "auto", deployerAddressUrl: url }),
      `deployerIpRange is auto, but ${url} could not be asked for this machine's address: fetch failed. Set it yourself with: pulumi config set deployerIpRange ADDRESS/32`,
    );
  });

  it("is imported and registered within ten seconds, on a machine busy with other tests", () => {
    const script = `
      const start = performance.now();
      const { runProgram } = require(${JSON.stringify(path.join(__dirname, "support", "program.ts"))});
      runProgram("eastus").then(() => console.log("ms", Math.round(performance.now() - start)));`;
    const output = execFileSync(process.execPath, ["--import", "tsx", "-e", script], {
      encoding: "utf8",
      cwd: path.join(__dirname, ".."),
      stdio: ["ignore", "pipe", "ignore"],
    });
    const ms = Number(/ms (\d+)/.exec(output)?.[1]);
    assert(ms > 0 && ms < 10_000, output);
  });
});
