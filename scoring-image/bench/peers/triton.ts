import { cpSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { bodyOf, postBytes, type RawAnswer } from "../rawHttp";
import { askPython, environment } from "./environment";
import { end, freePort, pidOf, ready, startPython, workers } from "./server";
import type { Contender, RaceSubject } from "./server";

/** Triton's server and its Python backend, both from pytriton's wheel, with binary tensors over HTTP. */
export const triton: Contender = {
  name: "Triton, Python",
  start: async (subject) => {
    const bin = await environment("triton");
    const packages = await askPython(bin, "sysconfig.get_path('purelib')");
    const folder = path.join(packages, "pytriton", "tritonserver");
    const version = await askPython(bin, "sysconfig.get_python_version()");
    const libraries = await askPython(bin, "sysconfig.get_config_var('LIBDIR')");
    const home = tritonHome(subject, folder, version);
    const port = await freePort();
    const flags = {
      "model-repository": path.join(home, "models"),
      "backend-directory": path.join(home, "backends"),
      ...{ "http-address": "127.0.0.1", "http-port": String(port), "log-verbose": "0" },
      ...{ "allow-grpc": "false", "allow-metrics": "false" },
    };
    const python = startPython(
      path.join(folder, "bin", "tritonserver"),
      Object.entries(flags).map(([name, value]) => `--${name}=${value}`),
      {
        // The backend takes the environment of the first python3, and no PYTHONPATH.
        PATH: `${bin}:${process.env["PATH"]}`,
        // Libraries of the wheel, which its programs look for beside themselves, and Python's own.
        LD_LIBRARY_PATH: `${path.join(packages, "nvidia_pytriton.libs")}:${libraries}`,
      },
    );
    const url = `http://127.0.0.1:${port}`;
    const requestOf = (jpeg: Buffer) => tritonRequest(url, jpeg);
    const stop = async () => {
      await end(python.child);
      rmSync(home, { recursive: true });
    };
    return ready(python, { url, pid: pidOf(python), requestOf, scoresOf: binary, stop });
  },
};

/** A model repository with one model, and the backend with the process that runs it for this version of Python. */
function tritonHome({ modelDir }: RaceSubject, installed: string, version: string): string {
  const home = mkdtempSync(path.join(tmpdir(), "race-"));
  const folder = path.join(home, "models", "scores");
  mkdirSync(path.join(folder, "1"), { recursive: true });
  cpSync(path.join(__dirname, "triton_model.py"), path.join(folder, "1", "model.py"));
  cpSync(path.join(__dirname, "picture.py"), path.join(folder, "1", "picture.py"));
  cpSync(path.join(installed, "backends"), path.join(home, "backends"), { recursive: true });
  const stub = "triton_python_backend_stub";
  const stubs = path.join(installed, "python_backend_stubs", version);
  cpSync(path.join(stubs, stub), path.join(home, "backends", "python", stub));
  const config = `backend: "python"
input [{ name: "jpeg", data_type: TYPE_UINT8, dims: [-1] }]
output [{ name: "scores", data_type: TYPE_FP32, dims: [1000] }]
instance_group [{ count: ${workers}, kind: KIND_CPU }]
parameters { key: "file", value: { string_value: "${path.resolve(modelDir, "model.onnx")}" } }
`;
  writeFileSync(path.join(folder, "config.pbtxt"), config);
  return home;
}

/** See the binary tensor data extension of the Open Inference Protocol. */
function tritonRequest(url: string, jpeg: Buffer): Buffer {
  const parameters = { binary_data_size: jpeg.length };
  const head = Buffer.from(
    JSON.stringify({
      inputs: [{ name: "jpeg", datatype: "UINT8", shape: [jpeg.length], parameters }],
      parameters: { binary_data_output: true },
    }),
  );
  const headers = { "inference-header-content-length": String(head.length) };
  return postBytes(url, "/v2/models/scores/infer", headers, Buffer.concat([head, jpeg]));
}

/** float32 behind a head of JSON, whose length need not be known: the tensor ends the body. */
function binary(answer: RawAnswer): readonly number[] {
  const body = bodyOf(answer);
  const values = Uint8Array.from(body.subarray(body.length - 4 * 1000));
  return [...new Float32Array(values.buffer)];
}
