import path from "node:path";
import { paths } from "../../src/contract";
import { bodyOf, postBytes, type RawAnswer } from "../rawHttp";
import { ServiceProcess } from "../serviceProcess";
import { environment } from "./environment";
import { end, freePort, pidOf, ready, startPython, workers } from "./server";
import type { Contender, Python, RaceSubject, Runner } from "./server";
import { triton } from "./triton";

/** The service itself, with default settings on two cores. */
export const service: Contender = {
  name: "ours",
  start: async ({ entry, modelDir }) => {
    const process = await ServiceProcess.start(entry, {
      MODEL_DIR: modelDir,
      ...{ LANES: String(workers), THREADS_PER_LANE: "1", MAX_QUEUE_WAIT_MS: "60000" },
    });
    const { url, headers, child } = process;
    const requestOf = (jpeg: Buffer) => postBytes(url, paths.score, headers, jpeg);
    const stop = () => process.stop();
    return { url, pid: child.pid as number, requestOf, scoresOf: nested, stop };
  },
};

const nested = (answer: RawAnswer): readonly number[] => {
  const [scores = []] = JSON.parse(bodyOf(answer).toString()) as number[][];
  return scores;
};

/** FastAPI, uvicorn, OpenCV and orjson. */
const fastapi = (processes: number): Contender => ({
  name: `FastAPI, ${processes} x ${workers / processes}`,
  start: async (subject) => {
    const bin = await environment("fastapi");
    const port = await freePort();
    const args = ["fastapi_server:app", "--port", `${port}`, "--workers", `${processes}`];
    const python = startPython(
      path.join(bin, "uvicorn"),
      [...args, "--no-access-log", "--log-level", "warning"],
      { ...modelVariable(subject), THREADS: String(workers / processes) },
    );
    return jsonRunner(python, port);
  },
});

/** The server that Azure ML's images run an entry script with. */
const azureml: Contender = {
  name: "azureml-inference",
  start: async (subject) => {
    const bin = await environment("azureml");
    const port = await freePort();
    const script = path.join(__dirname, "azureml_score.py");
    const args = ["--entry_script", script, "--port", `${port}`, "--worker_count", `${workers}`];
    const env = { ...modelVariable(subject), PATH: `${bin}:${process.env["PATH"]}` };
    const python = startPython(path.join(bin, "azmlinfsrv"), args, env);
    return jsonRunner(python, port);
  },
};

/** All servers of the race but the service itself. */
export const peers: readonly Contender[] = [fastapi(2), fastapi(1), triton, azureml];

const modelVariable = ({ modelDir }: RaceSubject) => ({
  MODEL: path.resolve(modelDir, "model.onnx"),
});

function jsonRunner(python: Python, port: number): Promise<Runner> {
  const url = `http://127.0.0.1:${port}`;
  const requestOf = (jpeg: Buffer) => postBytes(url, "/score", {}, jpeg);
  const stop = () => end(python.child);
  return ready(python, { url, pid: pidOf(python), requestOf, scoresOf: nested, stop });
}
