/**
 * Loaded into a server under test by `NODE_OPTIONS=--require`, in its main thread and in its workers: on SIGUSR2 every session worker throws,
 * as a defect in it would. The product has no such door; a run of ONNX Runtime in progress ends first, since it blocks its thread.
 */
import { isMainThread, BroadcastChannel } from "node:worker_threads";

const channel = new BroadcastChannel("soak-faults");
if (isMainThread) {
  process.on("SIGUSR2", () => channel.postMessage("throw"));
} else {
  channel.onmessage = () => {
    throw new Error("a fault of the soak run");
  };
}
channel.unref();
