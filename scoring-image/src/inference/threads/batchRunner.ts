import { callerGone, ScoringError, toScoringError } from "../../errors";
import type { ImageTransform, PictureSize } from "../../imaging/transform";
import { aligned, lengthOf, padded } from "../padding";
import { rowIn, type RowMemory } from "../rowSlots";
import type { BatchRow, RowData, Runtime } from "../runtimes/runtime";
import { bytesOf, formOf, type OutputTensor } from "../tensors";
import type { Finisher } from "./finisher";
import type { Reply } from "./orderPort";
import { wireErrorOf, type BatchEntry, type RunOrder, type RunResult } from "./orders";
import type { PictureDecoder } from "./pictureDecoder";

export interface BatchRunnerParts {
  readonly runtime: Runtime;
  readonly decoder: PictureDecoder;
  readonly finisher: Finisher;
  /** Format of the rows that decoding makes, and of those that callers send. */
  readonly formats: { readonly picture: ImageTransform; readonly tensor: ImageTransform };
  /** Where decode threads leave rows. */
  readonly rows: RowMemory | undefined;
}

/** What became of a picture on its way into the batch. */
type Prepared =
  | { readonly row: BatchRow; readonly size?: PictureSize | undefined }
  | { readonly error: ScoringError };

/** One picture's result and the bytes that belong to it. */
interface Made {
  readonly result: RunResult;
  readonly data: readonly Uint8Array[];
}

const views = { float32: Float32Array, float16: Uint16Array, uint8: Uint8Array } as const;

const viewOf = (bytes: Uint8Array, dtype: keyof typeof views): RowData => {
  const View = views[dtype];
  const { buffer, byteOffset, length } = bytes;
  return new View(buffer as ArrayBuffer, byteOffset, length / View.BYTES_PER_ELEMENT);
};

/** Carries out a lane's batches: rows together, the run, and what the lane itself finishes. */
export class BatchRunner {
  constructor(private readonly parts: BatchRunnerParts) {}

  async run(order: RunOrder, data: Buffer, signal: AbortSignal): Promise<Reply> {
    const started = performance.now();
    const prepared = await this.#prepare(order.entries, data);
    const rows = prepared.flatMap((picture) => ("row" in picture ? [picture.row] : []));
    const ready = performance.now();
    const patience = { timeoutMs: order.timeoutMs - (ready - started), signal, id: order.id };
    const outcome = rows.length > 0 ? await this.#infer(rows, patience) : [];
    const ended = performance.now();
    let next = 0;
    const made = prepared.map((picture, i) => {
      if ("error" in picture) return failed(picture.error);
      const { answer } = order.entries[i] as BatchEntry;
      const outputs = outcome instanceof ScoringError ? outcome : outcome[next++];
      if (outputs instanceof ScoringError) return failed(outputs);
      return this.#make(outputs as OutputTensor[], picture.size, answer);
    });
    return {
      value: {
        results: made.map(({ result }) => result),
        imagingMs: ready - started,
        inferenceMs: rows.length > 0 ? ended - ready : 0,
      },
      data: made.flatMap((one) => one.data),
    };
  }

  /** Finds or makes the row of every picture. */
  async #prepare(entries: readonly BatchEntry[], data: Buffer): Promise<Prepared[]> {
    const { decoder, formats, rows } = this.parts;
    const prepared: Prepared[] = [];
    let at = 0;
    for (const entry of entries) {
      if ("slot" in entry) {
        const bytes = rowIn(rows as RowMemory, entry.slot);
        const row = { data: viewOf(bytes, formats.picture.dtype), from: "picture" } as const;
        prepared.push({ row, size: entry.size });
        continue;
      }
      const bytes = data.subarray(at, at + entry.length);
      at += aligned(entry.length);
      if (!("header" in entry)) {
        prepared.push({ row: { data: viewOf(bytes, formats.tensor.dtype), from: "tensor" } });
        continue;
      }
      try {
        const { data: row, size } = await decoder.decode(bytes, entry.header);
        // The decoder has room for one row.
        const kept = entries.length > 1 ? row.slice() : row;
        prepared.push({ row: { data: kept, from: "picture" }, size });
      } catch (error) {
        prepared.push({ error: toScoringError(error) });
      }
    }
    return prepared;
  }

  async #infer(
    rows: readonly BatchRow[],
    patience: Parameters<Runtime["run"]>[1],
  ): Promise<OutputTensor[][] | ScoringError> {
    if (patience.signal.aborted) return callerGone();
    try {
      return await this.parts.runtime.run(rows, patience);
    } catch (cause) {
      if (cause instanceof ScoringError) return cause;
      const message = "The model failed to run on this input.";
      return new ScoringError("MODEL_FAILED", message, { cause });
    }
  }

  #make(
    outputs: OutputTensor[],
    size: PictureSize | undefined,
    answer: BatchEntry["answer"],
  ): Made {
    if (!answer) {
      const bytes = bytesOf(outputs);
      const forms = outputs.map(formOf);
      return { result: { length: lengthOf(bytes), size, forms }, data: bytes };
    }
    try {
      const written = this.parts.finisher.finish([{ outputs, size }], answer);
      const { head = null, isText = false, parts } = written;
      return { result: { length: lengthOf(parts), head, isText }, data: padded(parts) };
    } catch (error) {
      return failed(toScoringError(error));
    }
  }
}

const failed = (error: ScoringError): Made => ({
  result: { error: wireErrorOf(error) },
  data: [],
});
