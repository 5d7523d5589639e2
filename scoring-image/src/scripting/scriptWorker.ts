/** Entry point of a thread that runs a package's `score.mjs`, one request at a time. It holds no ONNX Runtime session, so it may be ended at any moment. */
import { pathToFileURL } from "node:url";
import { parentPort, workerData } from "node:worker_threads";
import type { ErrorCode } from "../errors";
import type { Init, Run, ScriptModel, ScriptTensor } from "./api";
import type {
  FromScript,
  PredictOrder,
  Prediction,
  ScriptAnswer,
  ScriptPlan,
  ScriptRequest,
  ToScript,
} from "./messages";

const port = parentPort;
if (!port) throw new Error("scriptWorker must run in a worker thread");

const { file, model: description } = workerData as ScriptPlan;

class PredictionError extends Error {
  override readonly name = "PredictionError";
  constructor(
    readonly code: ErrorCode,
    message: string,
  ) {
    super(message);
  }
}

const send = (message: FromScript, moved: ArrayBuffer[] = []) => port.postMessage(message, moved);

const waiting = new Map<number, (prediction: Prediction) => void>();
let lastId = 0;

async function predict(order: PredictOrder): Promise<Record<string, ScriptTensor>> {
  const id = ++lastId;
  const prediction = await new Promise<Prediction>((resolve) => {
    waiting.set(id, resolve);
    send({ type: "predict", id, order });
  });
  if ("error" in prediction)
    throw new PredictionError(prediction.error.code, prediction.error.message);
  return prediction.outputs;
}

const model: ScriptModel = {
  ...description,
  predict: (picture) => {
    const bytes = picture instanceof ArrayBuffer ? new Uint8Array(picture) : picture;
    if (!(bytes instanceof Uint8Array)) {
      return Promise.reject(new TypeError("predict takes a Uint8Array or an ArrayBuffer"));
    }
    return predict({ picture: Uint8Array.from(bytes) });
  },
  predictTensor: ({ dims, data }) => predict({ tensor: { dims, data } }),
};

function requestOf({ method, path, headers, body }: ScriptRequest, timeoutMs: number): Request {
  return new Request(`http://localhost${path}`, {
    method,
    headers: headers.map(([name, value]): [string, string] => [name, value]),
    signal: AbortSignal.timeout(timeoutMs),
    ...(method === "GET" ? {} : { body }),
  });
}

async function answerOf(result: unknown): Promise<ScriptAnswer> {
  if (result instanceof Response) {
    const body = new Uint8Array(await result.arrayBuffer());
    return { status: result.status, headers: [...result.headers], body };
  }
  const isBytes = result instanceof Uint8Array;
  const type = isBytes ? "application/octet-stream" : "application/json; charset=utf-8";
  const body = isBytes
    ? Uint8Array.from(result)
    : new TextEncoder().encode(JSON.stringify(result ?? null));
  return { status: 200, headers: [["content-type", type]], body };
}

function failureOf(thrown: unknown): FromScript {
  const error = thrown instanceof Error ? thrown : new Error(String(thrown));
  const { message, stack } = error;
  const code = error instanceof PredictionError ? { code: error.code } : {};
  return { type: "failed", ...code, message, stack };
}

async function main(): Promise<void> {
  const script = (await import(pathToFileURL(file).href)) as { init?: Init; run?: Run };
  const { init, run } = script;
  if (typeof run !== "function") throw new Error("it does not export the function run");
  port?.on("message", (message: ToScript) => {
    if (message.type === "prediction") {
      waiting.get(message.id)?.(message.prediction);
      waiting.delete(message.id);
      return;
    }
    const { request, timeoutMs } = message;
    // In a promise chain, so that what run() throws at once is caught as well.
    Promise.resolve()
      .then(() => run(requestOf(request, timeoutMs), model))
      .then(answerOf)
      .then((answer) => send({ type: "answer", answer }, [answer.body.buffer]))
      .catch((error: unknown) => send(failureOf(error)));
  });
  await init?.(model);
  send({ type: "ready" });
}

main().catch((error: unknown) => {
  // Uncaught on purpose: the main thread hears of it as the thread's error.
  setImmediate(() => {
    throw error;
  });
});
