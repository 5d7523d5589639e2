/** Entry point of the thread that parses and writes large JSON, one order at a time. */
import { parentPort } from "node:worker_threads";
import { toScoringError } from "../errors";
import type { JsonAnswer, JsonOrder } from "./jsonThread";
import { isPacked, parsePacked } from "./packed";
import { renderParts } from "./render";

const port = parentPort;
if (!port) throw new Error("jsonWorker must run in a worker thread");

/** Memory that can be moved to the main thread instead of being copied. */
function buffersIn(value: unknown): ArrayBuffer[] {
  if (isPacked(value)) return [value.values.buffer as ArrayBuffer];
  if (value instanceof Uint8Array) return [value.buffer as ArrayBuffer];
  if (typeof value !== "object" || value === null) return [];
  return Object.values(value).flatMap(buffersIn);
}

function act(order: JsonOrder): { answer: JsonAnswer; moved: ArrayBuffer[] } {
  try {
    if ("parts" in order) {
      const text = new Uint8Array(renderParts(order.parts));
      return { answer: { id: order.id, result: text }, moved: [text.buffer] };
    }
    const result = parsePacked(order.text);
    return { answer: { id: order.id, result }, moved: buffersIn(result) };
  } catch (thrown) {
    const { code, message } = toScoringError(thrown);
    return { answer: { id: order.id, error: { code, message } }, moved: [] };
  }
}

port.on("message", (order: JsonOrder) => {
  const { answer, moved } = act(order);
  port.postMessage(answer, moved);
});
