import { parentPort, workerData } from "node:worker_threads";
import { toScoringError } from "../../errors";
import { aligned } from "../padding";
import { rowIn, type RowMemory } from "../rowSlots";
import type { OpenRuntime } from "../runtimes/open";
import type { Runtime } from "../runtimes/runtime";
import { tensorsIn } from "../tensors";
import { BatchRunner } from "./batchRunner";
import { Finisher, type Renderers } from "./finisher";
import { OrderPort, type Reply } from "./orderPort";
import { wireErrorOf, type DecodeOrder, type FinishOrder, type Order } from "./orders";
import { PictureDecoder } from "./pictureDecoder";
import type { StageMessage, ThreadSetUp } from "./setUp";
import { warmDecoder, warmRuntime } from "./warmUp";

export interface StageParts {
  /** Opens what a lane runs batches with. */
  readonly openRuntime: OpenRuntime;
  /** Every form of answers. */
  readonly renderers: Renderers;
}

/** Entry of a thread of the pipeline: carries out orders of the stages until it is told to close. */
export async function serveStages({ openRuntime, renderers }: StageParts): Promise<void> {
  const port = parentPort;
  if (!port) throw new Error("the stages are served by worker threads");
  const setUp = workerData as ThreadSetUp;
  const { plan, rows, lane } = setUp;
  const { model } = plan;
  const decoder = new PictureDecoder(plan.rows);
  const finisher = new Finisher(model, renderers);
  const orders = new OrderPort(setUp.channel);
  const say = (message: StageMessage) => port.postMessage(message);
  await warmDecoder(decoder, plan.rows);

  let runtime: Runtime | undefined;
  let runner: BatchRunner | undefined;
  if (lane === undefined) say({ type: "ready" });
  else {
    runtime = await openRuntime(plan, setUp);
    if (rows) runtime.pin?.(rows.memory);
    const formats = { picture: plan.rows, tensor: model.input.transform };
    runner = new BatchRunner({ runtime, decoder, finisher, formats, rows });
    const announced = announce(runtime, setUp, say);
    if (runtime.isBlocking) await announced;
  }

  const carry = (order: Order, data: Buffer, signal: AbortSignal): Reply | Promise<Reply> => {
    switch (order.kind) {
      case "decode":
        return decode(decoder, rows as RowMemory, order, data);
      case "run":
        return (runner as BatchRunner).run(order, data, signal);
      case "finish":
        return finish(finisher, order, data);
      case "close":
        orders.close();
        return { value: {} };
    }
  };
  await orders.serve(carry, runtime?.isBlocking ?? true);
  runtime?.close();
  // With its port closed the thread has nothing left to wait for.
  port.close();
}

/**
 * Passes on whether batches can be run; the first time that they can, the model is warmed before.
 * @returns settles when the first state has been passed on
 */
async function announce(
  runtime: Runtime,
  setUp: ThreadSetUp,
  say: (message: StageMessage) => void,
): Promise<void> {
  let latest: unknown;
  let warm: Promise<readonly number[]> | undefined;
  const first = Promise.withResolvers<void>();
  runtime.watch((availability) => {
    latest = availability;
    const act = async () => {
      const isAble = "graph" in availability;
      const costs = isAble ? await (warm ??= warmRuntime(runtime, setUp.plan)) : [];
      // It may have changed meanwhile.
      if (latest !== availability) return;
      const { sizes } = runtime;
      say({ type: "lane", availability, ladder: { sizes, costs }, notes: runtime.describe() });
    };
    act().then(first.resolve, first.reject);
  });
  await first.promise;
}

async function decode(
  decoder: PictureDecoder,
  rows: RowMemory,
  { header, slot }: DecodeOrder,
  data: Buffer,
): Promise<Reply> {
  const started = performance.now();
  try {
    const { data: row, size } = await decoder.decode(data, header);
    const bytes = new Uint8Array(row.buffer, row.byteOffset, row.byteLength);
    rowIn(rows, slot).set(bytes);
    return { value: { ms: performance.now() - started, size } };
  } catch (error) {
    return {
      value: { ms: performance.now() - started, error: wireErrorOf(toScoringError(error)) },
    };
  }
}

function finish(finisher: Finisher, { answer, pictures }: FinishOrder, data: Buffer): Reply {
  const started = performance.now();
  try {
    let at = 0;
    const outputs = pictures.map(({ forms, length, size }) => {
      const tensors = tensorsIn(forms, data.subarray(at, at + length));
      at += aligned(length);
      return { outputs: tensors, size };
    });
    const { head = null, isText = false, parts } = finisher.finish(outputs, answer);
    return { value: { ms: performance.now() - started, head, isText }, data: parts };
  } catch (error) {
    return {
      value: { ms: performance.now() - started, error: wireErrorOf(toScoringError(error)) },
    };
  }
}
