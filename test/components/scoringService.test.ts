import assert from "node:assert/strict";
import { serviceState } from "../../components/serviceEndpoints";
import { defaultPorts, grpcPort, paths } from "../../scoring-image/src/contract";
import { runProgram, type ProgramRun } from "../support/program";
import { find } from "../support/pulumiMocks";
import { environmentOf, specOf, type Container } from "../support/servicePods";

describe("the scoring service", () => {
  let gpu: ProgramRun;
  let fpga: ProgramRun;
  let edge: ProgramRun;

  before(async () => {
    gpu = await runProgram("eastus");
    fpga = await runProgram("westeurope");
    edge = await runProgram("edge");
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
