import { mkdirSync, writeFileSync } from "node:fs";
import path from "node:path";
import { bundledModel, dist } from "../support/paths";
import { temporaryFolder } from "../support/temporaryFolder";
import {
  environment,
  freePort,
  here,
  libraryFolder,
  startRuntime,
  type RuntimeProcess,
} from "./processes";

/** A runtime with the bundled model in it, which may be started again at the same address. */
export interface Peer {
  readonly name: string;
  readonly address: string;
  readonly start: () => RuntimeProcess;
}

const model = "efficientnet-lite0";
const onnx = path.join(bundledModel, "model.onnx");

/** This project's own server. */
export async function ownServer(): Promise<Peer> {
  const port = await freePort();
  const env = {
    PORT: String(port),
    METRICS_PORT: "0",
    AUTH: "none",
    LANES: "1",
    MAX_QUEUE_WAIT_MS: "60000",
    LOG_LEVEL: "warn",
  };
  return {
    name: "a second instance",
    address: `127.0.0.1:${port}`,
    start: () => startRuntime(process.execPath, [path.join(dist, "main.js")], { env }),
  };
}

/** MLServer with `mlserver_model.py`. */
export async function mlserver(): Promise<Peer> {
  const bin = await environment("mlserver");
  const [http, grpc, metrics] = [await freePort(), await freePort(), await freePort()];
  const folder = temporaryFolder("mlserver");
  mkdirSync(path.join(folder, model));
  const settings = {
    ...{ host: "127.0.0.1", http_port: http, grpc_port: grpc, metrics_port: metrics },
    ...{ parallel_workers: 0, grpc_max_message_length: 64 * 1024 * 1024 },
  };
  writeFileSync(path.join(folder, "settings.json"), JSON.stringify(settings));
  const modelSettings = {
    name: model,
    implementation: "mlserver_model.OnnxModel",
    parameters: { uri: onnx },
    inputs: [{ name: "images", datatype: "FP32", shape: [-1, 3, 224, 224] }],
    outputs: [{ name: "logits", datatype: "FP32", shape: [-1, 1000] }],
  };
  writeFileSync(path.join(folder, model, "model-settings.json"), JSON.stringify(modelSettings));
  const env = { PYTHONPATH: here, PYTHONDONTWRITEBYTECODE: "1" };
  return {
    name: "MLServer 1.7.1",
    address: `127.0.0.1:${grpc}`,
    start: () => startRuntime(path.join(bin, "mlserver"), ["start", folder], { env, cwd: folder }),
  };
}

/** Triton, from pytriton's wheel. */
export async function triton(): Promise<Peer> {
  const bin = await environment("triton");
  const [grpc, http, metrics] = [await freePort(), await freePort(), await freePort()];
  const ports = [grpc, http, metrics].map(String);
  const script = path.join(here, "triton_server.py");
  const cwd = temporaryFolder("triton");
  const env = { LD_LIBRARY_PATH: await libraryFolder(bin), PYTHONDONTWRITEBYTECODE: "1" };
  return {
    name: "Triton 2.51 (nvidia-pytriton 0.7.0)",
    address: `127.0.0.1:${grpc}`,
    start: () =>
      startRuntime(path.join(bin, "python"), [script, onnx, model, ...ports], { env, cwd }),
  };
}
