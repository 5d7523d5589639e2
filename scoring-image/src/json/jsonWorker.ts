/** Entry point of the thread that parses large JSON, one text at a time. */
import { parentPort } from "node:worker_threads";
import { toScoringError } from "../errors";
import type { JsonAnswer } from "./jsonThread";
import { isPacked, parsePacked } from "./packed";

const port = parentPort;
if (!port) throw new Error("jsonWorker must run in a worker thread");

/** Memory that can be moved to the main thread instead of being copied. */
function buffersIn(value: unknown): ArrayBuffer[] {
  if (isPacked(value)) return [value.values.buffer as ArrayBuffer];
  if (value instanceof Uint8Array) return [value.buffer as ArrayBuffer];
  if (typeof value !== "object" || value === null) return [];
  return Object.values(value).flatMap(buffersIn);
}

function answerTo(text: Uint8Array): JsonAnswer {
  try {
    return { result: parsePacked(text) };
  } catch (thrown) {
    const { code, message } = toScoringError(thrown);
    return { error: { code, message } };
  }
}

port.on("message", (text: Uint8Array) => {
  const answer = answerTo(text);
  port.postMessage(answer, "result" in answer ? buffersIn(answer.result) : []);
});
