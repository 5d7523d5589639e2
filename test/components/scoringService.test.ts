import assert from "node:assert/strict";
import { defaultPorts, grpcPort, paths } from "../../scoring-image/src/contract";
import { serviceState } from "../../components/serviceEndpoints";
import { rolloutOf } from "../../settings/capacityRules";
import { findVmSize } from "../../components/catalogue/vmSizes";
import { find } from "../support/pulumiMocks";
import { runProgram, type ProgramRun } from "../support/program";

interface Container {
  readonly name: string;
  readonly image: string;
  readonly resources: {
    readonly requests: Record<string, string>;
    readonly limits: Record<string, string>;
  };
  readonly securityContext: Record<string, unknown>;
  readonly env?: readonly { readonly name: string; readonly valueFrom: unknown }[];
  readonly [field: string]: unknown;
}
interface Spec {
  readonly replicas?: number;
  readonly strategy: unknown;
  readonly template: {
    readonly spec: Record<string, unknown> & { readonly containers: Container[] };
  };
}

const specOf = (run: ProgramRun) =>
  find(run, "Deployment", "service-deployment").inputs["spec"] as Spec;
const environmentOf = (run: ProgramRun) =>
  find(run, "ConfigMap", "service-config").inputs["data"] as Record<string, string>;

describe("the scoring service", () => {
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
    const resources = { cpu: "2", memory: "4000M", "nvidia.com/gpu": "1" };
    assert.deepEqual(server?.resources, { requests: resources, limits: resources });
  });

  it("gives the FPGA to the runtime beside the server", () => {
    const [server, runtime, ...others] = specOf(fpga).template.spec.containers;
    assert.equal(others.length, 0);
    assert.deepEqual(server?.resources.requests, { cpu: "2", memory: "4000M" });
    const device = { "amd.com/xilinx_u250_gen3x16_xdma_2_1_202010_1": "1" };
    assert.deepEqual(runtime?.resources, {
      requests: { cpu: "1", memory: "4000M", ...device },
      limits: { cpu: "2", memory: "8G", ...device },
    });
    assert.equal(environmentOf(fpga)["RUNTIME_ADDRESS"], "127.0.0.1:50052");
    assert.equal(environmentOf(fpga)["RUNTIME_MODEL"], "resnet50");
  });

  it("sets the server's environment by its contract", () => {
    assert.deepEqual(environmentOf(gpu), {
      AUTH: "key",
      EXECUTION_PROVIDER: "cuda",
      GRPC_PORT: "50051",
      HOST: "0.0.0.0",
      INSTANCES: "1",
      MAX_QUEUE_SIZE: "64",
      MAX_QUEUE_WAIT_MS: "500",
      METRICS_PORT: "5002",
      PORT: "5001",
      PRIMARY_KEY_FILE: "/etc/scoring/keys/primaryKey",
      SCORING_TIMEOUT_MS: "60000",
      SECONDARY_KEY_FILE: "/etc/scoring/keys/secondaryKey",
      SERVICE_NAME: "scoring-service",
      SHUTDOWN_GRACE_MS: "60000",
      THREADS_PER_INSTANCE: "1",
      TLS_CERTIFICATE_FILE: "/etc/scoring/tls/tls.crt",
      TLS_KEY_FILE: "/etc/scoring/tls/tls.key",
    });
    assert.equal(environmentOf(cpu)["INSTANCES"], "2");
    assert.equal(environmentOf(cpu)["EXECUTION_PROVIDER"], undefined);
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

  it("takes tokens of an issuer, whose keys it may fetch", async () => {
    const run = await runProgram("eastus", {
      auth: "token",
      "token.issuer": "https://login.microsoftonline.com/tenant/v2.0",
      "token.audience": "api://scoring",
    });
    const { AUTH, TOKEN_ISSUER, TOKEN_AUDIENCE, TOKEN_JWKS_URI, PRIMARY_KEY_FILE } =
      environmentOf(run);
    assert.deepEqual(
      [AUTH, TOKEN_ISSUER, TOKEN_AUDIENCE, TOKEN_JWKS_URI, PRIMARY_KEY_FILE],
      [
        "token",
        "https://login.microsoftonline.com/tenant/v2.0",
        "api://scoring",
        undefined,
        undefined,
      ],
    );
    const { egress } = find(run, "NetworkPolicy").inputs["spec"] as { egress: unknown[] };
    assert.deepEqual(egress.slice(1), [{ ports: [{ port: 443, protocol: "TCP" }] }]);
    assert.equal(run.exported["primaryKey"], undefined);
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

  it("replaces one replica at a time on a full pool, and surges where a spare accelerator exists", async () => {
    assert.deepEqual(specOf(gpu).strategy, {
      type: "RollingUpdate",
      rollingUpdate: { maxUnavailable: 1, maxSurge: 0 },
    });
    const spare = await runProgram("eastus", { nodeCount: 4 });
    assert.deepEqual(specOf(spare).strategy, {
      type: "RollingUpdate",
      rollingUpdate: { maxUnavailable: 0, maxSurge: 1 },
    });
  });

  it("counts a spare accelerator node by node", () => {
    const size = findVmSize("Standard_NC64as_T4_v3");
    assert(size);
    const values = {
      accelerator: "gpu",
      gpuCores: 3,
      cpuCores: 2,
      memoryGb: 4,
      replicas: 1,
      "autoscale.enabled": false,
      "autoscale.maxReplicas": 10,
    } as const;
    const nodes = { size, acceleratorsPerNode: 4, count: 1, maxCount: 1 };
    assert.deepEqual(rolloutOf(values, nodes), { maxUnavailable: 1, maxSurge: 0 });
    assert.deepEqual(rolloutOf({ ...values, gpuCores: 2 }, nodes), {
      maxUnavailable: 0,
      maxSurge: 1,
    });
    assert.deepEqual(rolloutOf({ ...values, accelerator: "cpu" }, undefined), {
      maxUnavailable: 0,
      maxSurge: 1,
    });
    assert.deepEqual(rolloutOf(values, undefined), { maxUnavailable: 1, maxSurge: 0 });
  });

  it("leaves replicas to the autoscaler where one is on", () => {
    assert.equal(specOf(gpu).replicas, 3);
    assert.equal(specOf(cpu).replicas, undefined);
    const { inputs } = find(cpu, "HorizontalPodAutoscaler");
    const { minReplicas, maxReplicas, metrics } = inputs["spec"] as Record<string, unknown>;
    assert.deepEqual([minReplicas, maxReplicas], [2, 3]);
    assert.deepEqual(metrics, [
      {
        type: "Resource",
        resource: { name: "cpu", target: { type: "Utilization", averageUtilization: 70 } },
      },
    ]);
    assert.deepEqual(find(cpu, "Deployment", "service-deployment").options.ignoreChanges, [
      "spec.replicas",
    ]);
  });

  it("loses at most one replica to maintenance", () => {
    const { maxUnavailable } = find(gpu, "PodDisruptionBudget").inputs["spec"] as Record<
      string,
      unknown
    >;
    assert.equal(maxUnavailable, 1);
  });

  it("lets callers in to its ports, the collector to its metrics, and nothing out but to DNS", () => {
    const { ingress, egress, policyTypes } = find(gpu, "NetworkPolicy").inputs["spec"] as Record<
      string,
      unknown
    >;
    const system = [
      { namespaceSelector: { matchLabels: { "kubernetes.io/metadata.name": "kube-system" } } },
    ];
    assert.deepEqual(policyTypes, ["Ingress", "Egress"]);
    assert.deepEqual(ingress, [
      { ports: [{ port: defaultPorts.scoring }, { port: grpcPort }] },
      { from: system, ports: [{ port: defaultPorts.metrics }] },
    ]);
    assert.deepEqual(egress, [
      {
        to: system,
        ports: [
          { port: 53, protocol: "UDP" },
          { port: 53, protocol: "TCP" },
        ],
      },
    ]);
  });

  const serviceOf = (run: ProgramRun) => {
    const { metadata, spec } = find(run, "v1:Service", "service-service").inputs as {
      metadata: { annotations: unknown };
      spec: { type: string; ports: readonly { name: string; port: number }[] };
    };
    return {
      annotations: metadata.annotations,
      type: spec.type,
      ports: Object.fromEntries(spec.ports.map(({ name, port }) => [name, port])),
    };
  };

  it("has an address with a DNS label, and the ports its clients know", () => {
    assert.deepEqual(serviceOf(gpu), {
      annotations: { "service.beta.kubernetes.io/azure-dns-label-name": "scoring-service-abc123" },
      type: "LoadBalancer",
      ports: { scoring: 443, grpc: 50051 },
    });
    assert.deepEqual(serviceOf(fpga).ports, { scoring: 443, grpc: 50051 });
    assert.deepEqual(serviceOf(edge), {
      annotations: {},
      type: "NodePort",
      ports: { scoring: 443, grpc: 50051 },
    });
  });

  it("has an internal or a clear-text address only where asked", async () => {
    const inside = await runProgram("eastus", {
      loadBalancer: "internal",
      "tls.host": "scoring.internal",
    });
    assert.deepEqual(serviceOf(inside).annotations, {
      "service.beta.kubernetes.io/azure-load-balancer-internal": "true",
    });
    const clear = await runProgram("westeurope", { "tls.mode": "none", allowClearText: true });
    assert.deepEqual(serviceOf(clear).ports, { scoring: 80, grpc: 50051 });
    assert.equal(environmentOf(clear)["TLS_KEY_FILE"], undefined);
    assert.deepEqual(
      (specOf(clear).template.spec.containers[0]?.["livenessProbe"] as { httpGet: unknown })
        .httpGet,
      { path: paths.live, port: "scoring", scheme: "HTTP" },
    );
  });

  it("tells Kubernetes of its devices on its own nodes only", () => {
    for (const [run, kind, image] of [
      [gpu, "gpu", "nvcr.io/nvidia/k8s-device-plugin:v0.18.0"],
      [fpga, "fpga", "public.ecr.aws/xilinx_dcg/k8s-device-plugin:1.3.0"],
    ] as const) {
      const { template } = find(run, "DaemonSet").inputs["spec"] as {
        template: {
          spec: { nodeSelector: unknown; tolerations: unknown[]; containers: Container[] };
        };
      };
      assert.deepEqual(template.spec.nodeSelector, { "scoring-nodes": kind });
      assert.deepEqual(template.spec.tolerations[0], {
        key: "sku",
        operator: "Equal",
        value: kind,
        effect: "NoSchedule",
      });
      const [plugin] = template.spec.containers;
      assert.equal(plugin?.image, image);
      assert.deepEqual(plugin?.securityContext, {
        allowPrivilegeEscalation: false,
        capabilities: { drop: ["ALL"] },
      });
    }
  });

  it("says why it is not healthy", () => {
    const status = (fields: object) => serviceState(fields as Parameters<typeof serviceState>[0]);
    assert.equal(status({ replicas: 3, readyReplicas: 3 }), "Healthy");
    assert.equal(
      status({
        replicas: 3,
        readyReplicas: 1,
        conditions: [
          { type: "Progressing", status: "True", reason: "ReplicaSetUpdated" },
          {
            type: "Available",
            status: "False",
            message: "Deployment does not have minimum availability.",
          },
        ],
      }),
      "Unhealthy: 1 of 3 replicas ready, Deployment does not have minimum availability.",
    );
    assert.equal(serviceState(undefined), "Unhealthy: 0 of 0 replicas ready");
  });
});
