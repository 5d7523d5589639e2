import assert from "node:assert/strict";
import { ControlPlane } from "./controlPlane";
import { isReady, unschedulable, type Kubectl, type KubernetesObject, type Pod } from "./kubectl";
import { inNamespace, manifests, node } from "./manifests";
import { tritonSettings } from "../support/stack";
import { temporaryFolder } from "../support/temporaryFolder";

const bin = process.env["KUBERNETES_BIN"];
if (!bin) throw new Error("KUBERNETES_BIN is not set: npm run verify:kubernetes sets it");

const gpu = { "nvidia.com/gpu": "1" };
const deployment = "deployment/scoring-service";
const alive = (pods: readonly Pod[]) =>
  pods.filter(({ metadata }) => metadata.deletionTimestamp === undefined);
const ready = (pods: readonly Pod[]) => pods.filter(isReady).length;
const hash = ({ metadata }: Pod) => metadata.labels["pod-template-hash"];

describe("the scoring service on Kubernetes", () => {
  let plane: ControlPlane;
  let kubectl: Kubectl;

  before(async () => {
    plane = await ControlPlane.start(bin, temporaryFolder("cluster"));
    ({ kubectl } = plane);
  });

  after(() => plane.stop());

  /** The program's own objects for a GPU stack, two replicas on so many nodes of one GPU each. */
  async function deployGpu(
    namespace: string,
    nodes: number,
    settings: Readonly<Record<string, unknown>> = {},
  ): Promise<void> {
    const names = Array.from({ length: nodes }, (_, i) => `${namespace}-${i}`);
    await kubectl.apply(names.map((name) => node(name, "gpu", gpu)));
    const overrides = { replicas: 2, nodeCount: nodes, clusterPurpose: "devTest", ...settings };
    const objects = (await manifests("eastus", overrides)).filter(
      ({ kind }) => kind !== "DaemonSet",
    );
    await kubectl.apply(inNamespace(serviceObjects(objects), namespace));
    await kubectl.until(namespace, (pods) => pods.length === 2 && ready(pods) === 2);
  }

  /** Takes service and nodes away, so that the next test begins on an empty cluster. */
  async function clear(namespace: string): Promise<void> {
    await kubectl.run(["delete", "namespace", namespace, "--wait=false"]);
    await kubectl.run(["delete", "-n", namespace, deployment, "--ignore-not-found"]);
    await kubectl.until(namespace, (pods) => pods.length === 0);
    await kubectl.run(["delete", "nodes", "--all"]);
  }

  /** A new version of the pods, as a changed model or key makes it. */
  const change = (namespace: string) =>
    kubectl.run([
      ...["patch", "-n", namespace, deployment, "--patch"],
      '{"spec":{"template":{"metadata":{"annotations":{"accelerated-scoring/configuration":"changed"}}}}}',
    ]);

  /** Patches the Deployment and watches until only new pods are there. */
  async function rollOut(namespace: string): Promise<Pod[][]> {
    const [old] = await kubectl.pods(namespace);
    await change(namespace);
    return kubectl.until(
      namespace,
      (pods) =>
        pods.length === 2 &&
        ready(pods) === 2 &&
        pods.every((pod) => hash(pod) !== hash(old as Pod)),
    );
  }

  for (const [stack, overrides] of [
    ["eastus", {}],
    ["eastus", tritonSettings],
    ["westeurope", {}],
    ["westeurope", { "runtime.modelFolder": "/models", "fpga.driverInstallerImage": "xrt:2" }],
    ["westus2", {}],
    ["southeastasia", {}],
    ["edge", {}],
  ] as const) {
    it(`accepts every object of ${[stack, ...Object.keys(overrides)].join(", ")}, with no unknown field`, async () => {
      const objects = await manifests(stack, overrides);
      const namespaces = objects.filter(({ kind }) => kind === "Namespace");
      await kubectl.apply(namespaces);
      await kubectl.apply(objects, "--dry-run=server");
      assert.ok(objects.length >= 7);
      const kinds = new Set(objects.map(({ kind }) => kind));
      for (const kind of ["Deployment", "NetworkPolicy", "PodDisruptionBudget", "Service"]) {
        assert.ok(kinds.has(kind), kind);
      }
      assert.equal(kinds.has("HorizontalPodAutoscaler"), stack === "westus2");
    });
  }

  it("enforces the Pod Security level restricted, which the service's own pods meet", async () => {
    await deployGpu("restricted", 2);
    const root = {
      apiVersion: "v1",
      kind: "Pod",
      metadata: { name: "root", namespace: "restricted" },
      spec: { containers: [{ name: "root", image: "root", securityContext: { runAsUser: 0 } }] },
    };
    await assert.rejects(kubectl.apply([root]), /violates PodSecurity "restricted:latest"/);
    await clear("restricted");
  });

  it("rolls out without a spare GPU: one replica goes before its successor comes", async () => {
    await deployGpu("no-spare", 2);
    const states = await rollOut("no-spare");
    assert.ok(Math.max(...states.map((pods) => alive(pods).length)) <= 2);
    assert.ok(Math.min(...states.map(ready)) >= 1);
    await clear("no-spare");
  });

  it("rolls out with a spare GPU: there are always two replicas", async () => {
    await deployGpu("spare", 3);
    const states = await rollOut("spare");
    assert.equal(Math.min(...states.map(ready)), 2);
    assert.ok(Math.max(...states.map((pods) => alive(pods).length)) <= 3);
    await clear("spare");
  });

  it("starts Triton before the server and counts the GPU as its sidecar's", async () => {
    await deployGpu("triton", 2, { ...tritonSettings, cpuCores: "1" });
    const pods = await kubectl.pods("triton");
    const { initContainers, containers } = (pods[0] as Pod).spec as unknown as Record<
      string,
      { name: string; restartPolicy?: string; resources: { limits: Record<string, string> } }[]
    >;
    assert.deepEqual(
      initContainers?.map(({ name, restartPolicy }) => [name, restartPolicy]),
      [
        ["model", undefined],
        ["runtime", "Always"],
      ],
    );
    assert.equal(containers?.[0]?.resources.limits["nvidia.com/gpu"], undefined);
    await kubectl.run(["scale", "-n", "triton", deployment, "--replicas=3"]);
    const [last] = (await kubectl.until("triton", (all) => all.some(unschedulable))).slice(-1);
    assert.match((last ?? []).map(unschedulable).join(), /2 Insufficient nvidia\.com\/gpu/);
    await clear("triton");
  });

  it("scales up as far as there are GPUs, says why no further, and scales down", async () => {
    await deployGpu("scale", 3);
    const scale = (replicas: number) =>
      kubectl.run(["scale", "-n", "scale", deployment, `--replicas=${replicas}`]);
    await scale(4);
    const [last] = (
      await kubectl.until("scale", (pods) => ready(pods) === 3 && pods.some(unschedulable))
    ).slice(-1);
    assert.match((last ?? []).map(unschedulable).join(), /3 Insufficient nvidia\.com\/gpu/);
    await scale(1);
    await kubectl.until("scale", (pods) => pods.length === 1 && ready(pods) === 1);
    await clear("scale");
  });

  it("drains a node by way of the disruption budget: one replica at a time", async () => {
    await deployGpu("drain", 2);
    const [first, second] = await kubectl.pods("drain");
    const evict = ({ metadata: { name } }: Pod) =>
      kubectl.run(
        ["create", "--raw", `/api/v1/namespaces/drain/pods/${name}/eviction`, "-f", "-"],
        JSON.stringify({
          apiVersion: "policy/v1",
          kind: "Eviction",
          metadata: { name, namespace: "drain" },
        }),
      );
    await kubectl.run(["cordon", (first as Pod).spec.nodeName as string]);
    await evict(first as Pod);
    await kubectl.until("drain", (pods) => pods.length === 2 && pods.some(unschedulable));
    await assert.rejects(
      evict(second as Pod),
      /Cannot evict pod as it would violate the pod's disruption budget/,
    );
    await kubectl.apply([node("drain-2", "gpu", gpu)]);
    await kubectl.until("drain", (pods) => ready(pods) === 2);
    await kubectl.apply([node("drain-3", "gpu", gpu)]);
    const name = (second as Pod).spec.nodeName as string;
    await kubectl.run(["drain", name, "--delete-emptydir-data", "--timeout=60s"]);
    const [last] = (
      await kubectl.until("drain", (pods) => pods.length === 2 && ready(pods) === 2)
    ).slice(-1);
    assert.deepEqual((last ?? []).map(({ spec }) => spec.nodeName).sort(), ["drain-2", "drain-3"]);
    await clear("drain");
  });
});

/** What belongs to the service itself, without the device plugin and its namespace. */
const serviceObjects = (objects: readonly KubernetesObject[]) =>
  objects.filter(
    ({ kind, metadata }) => kind !== "Namespace" || metadata.name !== "device-plugins",
  );
