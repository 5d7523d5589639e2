import { readFileSync } from "node:fs";
import { credentials, makeClientConstructor, Metadata, type Client } from "@grpc/grpc-js";
import { paths } from "../src/contract";
import { loadProto, serviceOf } from "../src/proto/protos";
import { HttpClient } from "./load";
import { ServiceProcess } from "./serviceProcess";
import { median } from "./stats";

type Call = () => Promise<unknown>;

const shape = [1, 3, 224, 224];
const floats = Float32Array.from({ length: 3 * 224 * 224 }, (_, i) => (i % 255) / 127.5 - 1);
const tensor = Buffer.from(floats.buffer);
const model = "efficientnet-lite0";

/**
 * p50 in milliseconds of one client's calls to the bundled model, by what was called; in turns, so that a noisy moment hits all alike.
 * @param entry path of the bundled `main.js`
 */
export async function measureProtocols(
  entry: string,
  photograph: string,
  calls: number,
): Promise<Readonly<Record<string, number>>> {
  const service = await ServiceProcess.start(entry, {});
  const http = new HttpClient(service);
  const timed = { ...httpCalls(http, readFileSync(photograph)), ...grpcCalls(service, photograph) };
  const latencies: Record<string, number[]> = {};
  for (let round = -5; round < calls; round++) {
    for (const [name, call] of Object.entries(timed)) {
      const before = performance.now();
      await call();
      // The first rounds warm the service up.
      if (round >= 0) (latencies[name] ??= []).push(performance.now() - before);
    }
  }
  http.close();
  await service.stop();
  const medians = Object.entries(latencies).map(([name, all]) => [name, median(all)] as const);
  return Object.fromEntries(medians);
}

/** A decoded picture, float32 [1,3,224,224], as the nested lists of TensorFlow Serving's REST. */
export function nestedNumbers(): Buffer {
  const plane = (c: number) =>
    Array.from({ length: 224 }, (_, y) => [
      ...floats.subarray((c * 224 + y) * 224, (c * 224 + y + 1) * 224),
    ]);
  return Buffer.from(JSON.stringify({ instances: [[plane(0), plane(1), plane(2)]] }));
}

function httpCalls(http: HttpClient, jpeg: Buffer): Record<string, Call> {
  const b64 = JSON.stringify({ instances: [{ b64: jpeg.toString("base64") }] });
  const numbers = nestedNumbers();
  const input = { name: "images", parameters: { binary_data_size: tensor.length } };
  const head = Buffer.from(
    JSON.stringify({
      inputs: [{ ...input, shape, datatype: "FP32" }],
      parameters: { binary_data_output: true },
    }),
  );
  const binary = Buffer.concat([head, tensor]);
  const post = (path: string, body: Buffer, headers = {}) => http.call("POST", path, body, headers);
  const predict = `/v1/models/${model}:predict`;
  const infer = `/v2/models/${model}/infer`;
  const length = (bytes: number) => ({ "inference-header-content-length": String(bytes) });
  return {
    "JPEG, /score": () => post(paths.score, jpeg),
    "JPEG, TF Serving REST (b64)": () => post(predict, Buffer.from(b64)),
    "JPEG, Open Inference REST (raw)": () => post(infer, jpeg, length(0)),
    "tensor, TF Serving REST (JSON)": () => post(predict, numbers),
    "tensor, Open Inference REST (binary)": () => post(infer, binary, length(head.length)),
  };
}

function grpcCalls({ url, headers }: ServiceProcess, photograph: string): Record<string, Call> {
  const jpeg = readFileSync(photograph);
  const metadata = new Metadata();
  metadata.set("authorization", headers.authorization);
  const caller = (file: string, service: string, method: string) => {
    const Stub = makeClientConstructor(serviceOf(loadProto(file), service), service);
    const stub = new Stub(new URL(url).host, credentials.createInsecure()) as Client &
      Record<string, (r: object, m: Metadata, done: (e: Error | null) => void) => void>;
    return (request: object) => () =>
      new Promise<void>((resolve, reject) =>
        stub[method]?.(request, metadata, (error) => (error ? reject(error) : resolve())),
      );
  };
  const predict = caller(
    "tensorflow_serving.proto",
    "tensorflow.serving.PredictionService",
    "Predict",
  );
  const infer = caller("open_inference.proto", "inference.GRPCInferenceService", "ModelInfer");
  const tfs = (value: object, dims: number[]) => ({
    model_spec: { name: model },
    inputs: { images: { ...value, tensor_shape: { dim: dims.map((size) => ({ size })) } } },
  });
  const oip = (datatype: string, dims: number[], raw: Buffer) => ({
    model_name: model,
    inputs: [{ name: "images", datatype, shape: dims }],
    raw_input_contents: [raw],
  });
  const length = Buffer.alloc(4);
  length.writeUInt32LE(jpeg.length);
  return {
    "JPEG, TF Serving gRPC": predict(tfs({ dtype: "DT_STRING", string_val: [jpeg] }, [1])),
    "JPEG, Open Inference gRPC": infer(oip("BYTES", [1], Buffer.concat([length, jpeg]))),
    "tensor, TF Serving gRPC": predict(tfs({ dtype: "DT_FLOAT", tensor_content: tensor }, shape)),
    "tensor, Open Inference gRPC (raw)": infer(oip("FP32", shape, tensor)),
  };
}
