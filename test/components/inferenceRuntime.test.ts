import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import path from "node:path";
import { copyModel, tritonConfig } from "../../components/pod/inferenceRuntime";
import { runProgram, type ProgramRun } from "../support/program";
import { find } from "../support/pulumiMocks";
import { environmentOf, specOf, type Container } from "../support/servicePods";
import { tritonSettings } from "../support/stack";
import { temporaryFolder } from "../support/temporaryFolder";

const initContainers = (run: ProgramRun) => specOf(run).template.spec.initContainers ?? [];
const named = (containers: readonly Container[]) => containers.map(({ name }) => name);

describe("the runtime beside the server", () => {
  let fpga: ProgramRun;
  let gpu: ProgramRun;

  before(async () => {
    fpga = await runProgram("westeurope");
    gpu = await runProgram("eastus", tritonSettings);
  });

  it("is a sidecar that starts before the server and ends after it, and has the FPGA", () => {
    const { containers } = specOf(fpga).template.spec;
    const [runtime] = initContainers(fpga);
    assert.deepEqual(named(containers), ["scoring"]);
    assert.deepEqual(named(initContainers(fpga)), ["runtime"]);
    assert.equal(runtime?.["restartPolicy"], "Always");
    assert.deepEqual(containers[0]?.resources.limits, { cpu: "2", memory: "4000M" });
    const resources = {
      cpu: "1",
      memory: "8000M",
      "amd.com/xilinx_u250_gen3x16_xdma_2_1_202010_1": "1",
    };
    assert.deepEqual(runtime?.resources, { requests: resources, limits: resources });
    assert.deepEqual(runtime["startupProbe"], {
      tcpSocket: { port: "runtime" },
      periodSeconds: 10,
      failureThreshold: 60,
    });
    assert.deepEqual(runtime["volumeMounts"], [{ name: "runtime-tmp", mountPath: "/tmp" }]);
  });

  it("is where the server looks for it, over loopback, one request at a time on an FPGA", () => {
    const { RUNTIME_ADDRESS, RUNTIME_MODEL, LANES, EXECUTION_PROVIDER } = environmentOf(fpga);
    assert.deepEqual(
      [RUNTIME_ADDRESS, RUNTIME_MODEL, LANES, EXECUTION_PROVIDER],
      ["127.0.0.1:8001", "resnet50", "1", undefined],
    );
  });

  it("runs without root, without a writable file system and without rights, like the server", () => {
    const containers = [...initContainers(fpga), ...initContainers(gpu)];
    assert.deepEqual(named(containers), ["runtime", "model", "runtime"]);
    for (const { securityContext } of containers) {
      assert.deepEqual(securityContext, {
        runAsNonRoot: true,
        runAsUser: 10001,
        runAsGroup: 10001,
        readOnlyRootFilesystem: true,
        allowPrivilegeEscalation: false,
        capabilities: { drop: ["ALL"] },
      });
    }
  });

  it("finds the package where the settings say, copied out of the server's image", async () => {
    const mounted = await runProgram("westeurope", { "runtime.modelFolder": "/opt/models" });
    const [model, runtime] = initContainers(mounted);
    assert.equal(model?.image, specOf(mounted).template.spec.containers[0]?.image);
    assert.deepEqual(model?.env, [{ name: "TARGET", value: "/models" }]);
    assert.deepEqual(runtime?.["volumeMounts"], [
      { name: "runtime-tmp", mountPath: "/tmp" },
      { name: "model", mountPath: "/opt/models", readOnly: true },
    ]);
    assert.equal(runtime["args"], undefined);
  });

  it("takes the GPU from the server, whose image then needs no CUDA", () => {
    const [server] = specOf(gpu).template.spec.containers;
    const [, runtime] = initContainers(gpu);
    assert.equal(server?.resources.limits["nvidia.com/gpu"], undefined);
    assert.equal(runtime?.resources.limits["nvidia.com/gpu"], "1");
    assert.deepEqual(
      (find(gpu, "image:Image").inputs["build"] as { target: string }).target,
      "cpu",
    );
    const { RUNTIME_ADDRESS, RUNTIME_MODEL, LANES, EXECUTION_PROVIDER } = environmentOf(gpu);
    assert.deepEqual(
      [RUNTIME_ADDRESS, RUNTIME_MODEL, LANES, EXECUTION_PROVIDER],
      ["127.0.0.1:8001", "efficientnet-lite0", "2", undefined],
    );
  });

  it("starts Triton on the copied repository, asked over HTTP whether it is ready", () => {
    const [, runtime] = initContainers(gpu);
    assert.deepEqual(runtime?.["args"], [
      "tritonserver",
      "--model-repository=/models",
      "--grpc-port=8001",
      "--http-port=8000",
      "--metrics-port=8002",
      "--exit-on-error=true",
      "--backend-config=onnxruntime,default-max-batch-size=1",
      "--cuda-memory-pool-byte-size=0:67108864",
    ]);
    assert.deepEqual(runtime["startupProbe"], {
      httpGet: { path: "/v2/health/ready", port: "runtime-http" },
      timeoutSeconds: 2,
      periodSeconds: 10,
      failureThreshold: 60,
    });
    const { ingress } = find(gpu, "NetworkPolicy").inputs["spec"] as {
      ingress: { ports: unknown }[];
    };
    assert.deepEqual(ingress[1]?.ports, [{ port: 5002 }, { port: 8002 }]);
  });

  it("bounds Triton's batch by the server's largest, unless the settings bound it themselves", async () => {
    const bound = async (overrides: Readonly<Record<string, unknown>>) => {
      const run = await runProgram("eastus", { "runtime.kind": "triton", ...overrides });
      const args = initContainers(run)[1]?.["args"] as readonly string[];
      return args.filter((arg) => arg.includes("batch"));
    };
    const told = (size: number) => [`--backend-config=onnxruntime,default-max-batch-size=${size}`];
    const dynamic = { "runtime.modelConfig": "dynamic_batching { }" };
    assert.deepEqual(await bound({ "batch.sizes": "1,16" }), told(16));
    assert.deepEqual(await bound(dynamic), told(4));
    assert.deepEqual(await bound({ ...dynamic, "batch.sizes": "8" }), told(8));
    const own = { "runtime.modelConfig": "max_batch_size: 32\ndynamic_batching { }" };
    assert.deepEqual(await bound({ ...own, "batch.sizes": "8" }), []);
  });

  it("has one call under way unless it is Triton or the settings say otherwise", async () => {
    const other = {
      "runtime.kind": "openInference",
      "runtime.image": "registry.example.com/runtime:1",
      "runtime.model": "resnet50",
    };
    assert.equal(environmentOf(await runProgram("westus2", other))["LANES"], "1");
    assert.equal(environmentOf(await runProgram("westus2", { ...other, lanes: 4 }))["LANES"], "4");
  });

  it("binds Triton's model to the accelerator, unless the settings place it themselves", () => {
    assert.equal(
      tritonConfig({ model: "resnet50", modelConfig: undefined }, "gpu"),
      'name: "resnet50"\nbackend: "onnxruntime"\ninstance_group [ { count: 1, kind: KIND_GPU } ]\n',
    );
    assert.match(tritonConfig({ model: "m", modelConfig: "" }, "cpu"), /KIND_CPU/);
    assert.equal(
      tritonConfig({ model: "m", modelConfig: "instance_group [ { count: 2 } ]\n" }, "gpu"),
      'name: "m"\nbackend: "onnxruntime"\ninstance_group [ { count: 2 } ]\n',
    );
  });

  it("gets Triton's repository layout from the command that copies the package", () => {
    const folder = temporaryFolder("repository");
    const package_ = path.join(folder, "package");
    mkdirSync(package_);
    writeFileSync(path.join(package_, "model.onnx"), "graph");
    writeFileSync(path.join(package_, "model.onnx.data"), "weights");
    const env = Object.fromEntries(
      (initContainers(gpu)[0]?.env ?? []).map(({ name, value = "" }) => [
        name,
        value.replace(/^\/models/, `${folder}/models`),
      ]),
    );
    execFileSync(process.execPath, ["-e", copyModel], { env: { ...env, MODEL_DIR: package_ } });
    const found = readdirSync(path.join(folder, "models"), { recursive: true, encoding: "utf8" });
    assert.deepEqual(found.sort(), [
      "efficientnet-lite0",
      "efficientnet-lite0/1",
      "efficientnet-lite0/1/model.onnx",
      "efficientnet-lite0/1/model.onnx.data",
      "efficientnet-lite0/config.pbtxt",
    ]);
    assert.equal(
      readFileSync(path.join(folder, "models/efficientnet-lite0/config.pbtxt"), "utf8"),
      `name: "efficientnet-lite0"\nbackend: "onnxruntime"\ninstance_group [ { count: 1, kind: KIND_GPU } ]\n${tritonSettings["runtime.modelConfig"]}\n`,
    );
  });

  it("is not there, nor any init container, where the server runs the model itself", async () => {
    assert.equal(specOf(await runProgram("eastus")).template.spec.initContainers, undefined);
  });

  it("may have its FPGA's driver installed before the device plugin starts", async () => {
    const pod = (run: ProgramRun) =>
      (find(run, "DaemonSet").inputs["spec"] as { template: { spec: Record<string, unknown> } })
        .template.spec;
    assert.equal(pod(fpga)["initContainers"], undefined);
    assert.equal(pod(fpga)["hostPID"], undefined);
    const installed = await runProgram("westeurope", {
      "fpga.driverInstallerImage": "registry.example.com/xrt:2",
    });
    const [installer, ...others] = pod(installed)["initContainers"] as Container[];
    assert.deepEqual(others, []);
    assert.deepEqual(
      [installer?.name, installer?.image, installer?.securityContext],
      ["driver-installer", "registry.example.com/xrt:2", { privileged: true, runAsUser: 0 }],
    );
    assert.deepEqual((pod(installed)["volumes"] as unknown[]).at(-1), {
      name: "host",
      hostPath: { path: "/" },
    });
  });
});
