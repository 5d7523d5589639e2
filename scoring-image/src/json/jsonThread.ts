import { Worker } from "node:worker_threads";
import { ScoringError, type ErrorCode } from "../errors";
import { parsePacked } from "./packed";
import { renderParts, type JsonPart } from "./render";

/** Main thread -> worker. */
export type JsonOrder =
  | { readonly id: number; readonly text: Uint8Array<ArrayBuffer> }
  | { readonly id: number; readonly parts: readonly JsonPart[] };

/** Worker -> main thread. */
export type JsonAnswer =
  | { readonly id: number; readonly result: unknown }
  | { readonly id: number; readonly error: { readonly code: ErrorCode; readonly message: string } };

/** What is parsed or written on the event loop itself: at most a millisecond or two of it. */
const inline = { bytes: 32 * 1024, values: 4096 } as const;

interface Pending {
  readonly resolve: (result: never) => void;
  readonly reject: (error: Error) => void;
}

/** Parses and writes JSON; large texts in a thread of their own, which starts with the first of them, so that they never hold up the event loop. */
export class JsonThread {
  readonly #entry: string;
  readonly #pending = new Map<number, Pending>();
  #worker: Worker | undefined;
  #next = 0;

  /** @param entry path of the bundled `jsonWorker.js` */
  constructor(entry: string) {
    this.#entry = entry;
  }

  /**
   * Parses a text as `parsePacked` does.
   * @param text moved to the thread when it is large
   * @throws ScoringError INVALID_REQUEST when it is not JSON
   */
  async parse(text: Uint8Array<ArrayBuffer>): Promise<unknown> {
    if (text.length <= inline.bytes) return parsePacked(text);
    return this.#run((id) => ({ id, text }), [text.buffer]);
  }

  /** Writes text and tensors as `renderParts` does. */
  async render(parts: readonly JsonPart[]): Promise<Buffer> {
    const values = parts.reduce(
      (sum, part) => sum + (typeof part === "string" ? 0 : part.data.length),
      0,
    );
    if (values <= inline.values) return renderParts(parts);
    const text = await this.#run<Uint8Array<ArrayBuffer>>((id) => ({ id, parts }), []);
    return Buffer.from(text.buffer);
  }

  #run<T>(order: (id: number) => JsonOrder, moved: ArrayBuffer[]): Promise<T> {
    return new Promise((resolve, reject) => {
      const id = this.#next++;
      this.#pending.set(id, { resolve, reject });
      this.#started().postMessage(order(id), moved);
    });
  }

  #started(): Worker {
    if (this.#worker) return this.#worker;
    const worker = new Worker(this.#entry, { name: "json" });
    worker.unref();
    worker.on("message", (answer: JsonAnswer) => {
      const pending = this.#pending.get(answer.id);
      this.#pending.delete(answer.id);
      if ("result" in answer) pending?.resolve(answer.result as never);
      else pending?.reject(new ScoringError(answer.error.code, answer.error.message));
    });
    // The exit of a thread comes after its error, when another may have taken its place.
    const onEnd = () => this.#worker === worker && this.#abandon();
    worker.once("error", onEnd).once("exit", onEnd);
    this.#worker = worker;
    return worker;
  }

  /** A text that is too much for the thread's memory ends it; the next one starts another. */
  #abandon(): void {
    this.#worker = undefined;
    const message = "The JSON of this request could not be handled; send binary tensors instead.";
    for (const { reject } of this.#pending.values())
      reject(new ScoringError("INVALID_REQUEST", message));
    this.#pending.clear();
  }

  async close(): Promise<void> {
    await this.#worker?.terminate();
  }
}
