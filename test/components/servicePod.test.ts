import assert from "node:assert/strict";
import { paths } from "../../scoring-image/src/contract";
import { runProgram, type ProgramRun } from "../support/program";
import { environmentOf, specOf } from "../support/servicePods";

describe("the pods of the scoring service", () => {
  let gpu: ProgramRun;
  let fpga: ProgramRun;
  let cpu: ProgramRun;
  let edge: ProgramRun;

  before(async () => {
    gpu = await runProgram("eastus");
    fpga = await runProgram("westeurope");
    cpu = await runProgram("westus2");
    edge = await runProgram("edge");
  });

  it("runs without root, without a writable file system and without rights", () => {
    for (const run of [gpu, fpga, cpu, edge]) {
      const { containers, securityContext, automountServiceAccountToken } =
        specOf(run).template.spec;
      assert.equal(automountServiceAccountToken, false);
      assert.deepEqual(securityContext, {
        runAsNonRoot: true,
        fsGroup: 10001,
        seccompProfile: { type: "RuntimeDefault" },
      });
      for (const { name, securityContext: own } of containers) {
        assert.deepEqual(
          own,
          {
            runAsNonRoot: true,
            runAsUser: 10001,
            runAsGroup: 10001,
            readOnlyRootFilesystem: true,
            allowPrivilegeEscalation: false,
            capabilities: { drop: ["ALL"] },
          },
          name,
        );
      }
    }
  });

  it("is asked over HTTPS whether it lives and is ready", () => {
    const [server] = specOf(gpu).template.spec.containers;
    const get = (path: string) => ({
      httpGet: { path, port: "scoring", scheme: "HTTPS" },
      timeoutSeconds: 2,
    });
    assert.deepEqual(server?.["startupProbe"], {
      ...get(paths.live),
      periodSeconds: 5,
      failureThreshold: 62,
    });
    assert.deepEqual(server?.["livenessProbe"], {
      ...get(paths.live),
      periodSeconds: 10,
      failureThreshold: 3,
    });
    assert.deepEqual(server?.["readinessProbe"], {
      ...get(paths.ready),
      periodSeconds: 5,
      failureThreshold: 2,
    });
  });

  it("asks for what the settings say, and one GPU each", () => {
    const [server] = specOf(gpu).template.spec.containers;
    const resources = { cpu: "3", memory: "6000M", "nvidia.com/gpu": "1" };
    assert.deepEqual(server?.resources, { requests: resources, limits: resources });
  });

  it("sets the server's environment by its contract", () => {
    assert.deepEqual(environmentOf(gpu), {
      AUTH: "key",
      EXECUTION_PROVIDER: "cuda",
      GRPC_PORT: "50051",
      HOST: "0.0.0.0",
      LANES: "2",
      MAX_BATCH_DELAY_MS: "0",
      MAX_QUEUE_SIZE: "0",
      MAX_QUEUE_WAIT_MS: "500",
      METRICS_PORT: "5002",
      PORT: "5001",
      PRIMARY_KEY_FILE: "/etc/scoring/keys/primaryKey",
      SCORING_TIMEOUT_MS: "60000",
      SECONDARY_KEY_FILE: "/etc/scoring/keys/secondaryKey",
      SERVICE_NAME: "scoring-service",
      SHUTDOWN_GRACE_MS: "60000",
      TLS_CERTIFICATE_FILE: "/etc/scoring/tls/tls.crt",
      TLS_KEY_FILE: "/etc/scoring/tls/tls.key",
    });
    assert.equal(environmentOf(cpu)["LANES"], "2");
    assert.equal(environmentOf(cpu)["EXECUTION_PROVIDER"], undefined);
  });

  it("is told of batches, lanes, decode threads and the GPU's memory what the stack sets", async () => {
    const set = await runProgram("eastus", {
      "batch.sizes": "1,8,32",
      "batch.maxDelayMs": 2,
      lanes: 2,
      decodeThreads: "0",
      gpuMemoryLimit: "12.5",
      maxConcurrentRequestsPerReplica: 100,
    });
    const told = environmentOf(set);
    assert.deepEqual(
      [
        "BATCH_SIZES",
        "MAX_BATCH_DELAY_MS",
        "LANES",
        "DECODE_THREADS",
        "GPU_MEMORY_LIMIT",
        "MAX_QUEUE_SIZE",
      ].map((name) => told[name]),
      ["1,8,32", "2", "2", "0", "12500000000", "100"],
    );
  });

  it("finds its keys in the files of a Secret, where they may change", () => {
    const { containers, volumes } = specOf(gpu).template.spec;
    assert.equal(containers[0]?.["env"], undefined);
    assert.deepEqual(containers[0]?.["volumeMounts"], [
      { name: "tmp", mountPath: "/tmp" },
      { name: "keys", mountPath: "/etc/scoring/keys", readOnly: true },
      { name: "tls", mountPath: "/etc/scoring/tls", readOnly: true },
    ]);
    assert.deepEqual((volumes as unknown[]).slice(1), [
      { name: "keys", secret: { secretName: "scoring-service-keys", defaultMode: 0o440 } },
      { name: "tls", secret: { secretName: "scoring-service-tls", defaultMode: 0o440 } },
    ]);
  });

  it("starts new pods for another configuration, not for other keys or certificates", () => {
    const { metadata } = specOf(gpu).template as unknown as { metadata: { annotations: unknown } };
    assert.deepEqual(metadata.annotations, { "accelerated-scoring/configuration": "1" });
  });

  it("goes where its accelerator is, spread over nodes and zones", () => {
    const { nodeSelector, tolerations, topologySpreadConstraints, terminationGracePeriodSeconds } =
      specOf(gpu).template.spec;
    assert.deepEqual(nodeSelector, { "scoring-nodes": "gpu" });
    assert.deepEqual(tolerations, [
      { key: "sku", operator: "Equal", value: "gpu", effect: "NoSchedule" },
      {
        key: "kubernetes.azure.com/scalesetpriority",
        value: "spot",
        operator: "Equal",
        effect: "NoSchedule",
      },
    ]);
    assert.equal((topologySpreadConstraints as unknown[]).length, 2);
    assert.equal(terminationGracePeriodSeconds, 80);
    assert.equal(specOf(edge).template.spec["nodeSelector"], undefined);
  });

  it("take their image as the settings say, and as Kubernetes does where they say nothing", async () => {
    const [imported] = specOf(edge).template.spec.containers;
    assert.equal(imported?.["imagePullPolicy"], "IfNotPresent");
    assert.equal(imported.image, "registry.example.com/scoring-image:1");
    assert.equal("imagePullPolicy" in (specOf(gpu).template.spec.containers[0] ?? {}), false);
    const never = await runProgram("edge", { "image.pullPolicy": "Never" });
    assert.equal(specOf(never).template.spec.containers[0]?.["imagePullPolicy"], "Never");
  });
});
