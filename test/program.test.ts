import assert from "node:assert/strict";
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
    const local = await runProgram("dev", {
      replicas: 2,
      maxQueueWaitMs: 750,
      "batch.sizes": "1,4",
      "batch.maxDelayMs": 5,
      lanes: 3,
      decodeThreads: "1",
    });
    assert.deepEqual(lines(local), [
      "LocalScoringService service > pulumi-nodejs:dynamic/LocalKeys service-keys",
      "LocalScoringService service > pulumi-nodejs:dynamic/LocalProcess service-process",
      "stack > localScoringService:LocalScoringService service",
    ]);
    const { inputs } = find(local, "LocalProcess");
    assert(isSecretInput(inputs["primaryKey"]) && isSecretInput(inputs["secondaryKey"]));
    assert.equal(inputs["maxQueueWaitMs"], 750);
    assert.deepEqual(
      ["batchSizes", "maxBatchDelayMs", "lanes", "decodeThreads"].map((name) => inputs[name]),
      ["1,4", 5, 3, 1],
    );
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
});
