/** Entry point of a session worker thread: pictures in, output tensors out, one job at a time. */
import { parentPort, workerData } from "node:worker_threads";
import { openBackend, type Availability, type InferenceBackend } from "./backends/backend";
import { JobRunner } from "./jobRunner";
import type { Job, WorkerMessage, WorkerOrder } from "./messages";
import type { SessionPlan } from "./sessionPlan";
import { warmUp } from "./warmUp";

const port = parentPort;
if (!port) throw new Error("sessionWorker must run in a worker thread");

const plan = workerData as SessionPlan;

const say = (message: WorkerMessage) => port.postMessage(message, buffersOf(message));

/** Outputs are slices of their own, so they can be moved instead of copied. */
const buffersOf = (message: WorkerMessage): ArrayBuffer[] =>
  message.type === "availability"
    ? []
    : message.results.flatMap((result) =>
        "outputs" in result ? result.outputs.map(({ data }) => data.buffer as ArrayBuffer) : [],
      );

/**
 * Passes on whether batches can be run; the first time that they can, the model is warmed before.
 * @param closing aborted when the worker is to end: nobody waits for the warm-up then
 */
function announceAvailability(
  backend: InferenceBackend,
  runner: JobRunner,
  closing: AbortSignal,
): void {
  let latest: Availability | undefined;
  let warm: Promise<void> | undefined;
  const heat = async () => {
    await warmUp((job) => runner.run(job, closing), plan);
    backend.verify();
  };
  const announce = async (availability: Availability) => {
    latest = availability;
    if ("graph" in availability) await (warm ??= heat());
    // It may have changed meanwhile.
    if (latest === availability) say({ type: "availability", availability });
  };
  backend.watch((availability) => void announce(availability));
}

async function main(): Promise<void> {
  const backend = await openBackend(plan);
  const runner = new JobRunner(plan, backend);
  let running: { readonly id: number; readonly controller: AbortController } | undefined;
  let finished = Promise.resolve();
  const closing = new AbortController();

  const run = async (job: Job) => {
    const controller = new AbortController();
    running = { id: job.id, controller };
    const message = await runner.run(job, controller.signal);
    running = undefined;
    say(message);
  };
  port?.on("message", (order: WorkerOrder) => {
    if (order.type === "job") finished = run(order);
    // Word of a job's callers may cross its answer.
    else if (order.type === "cancel" && order.id === running?.id) running.controller.abort();
    else if (order.type === "close") {
      closing.abort();
      void finished.then(() => {
        backend.close();
        // With its port closed the thread has nothing left to wait for.
        port.close();
      });
    }
  });
  announceAvailability(backend, runner, closing.signal);
}

void main();
