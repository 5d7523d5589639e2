/**
 * Loaded into the main thread of a server under test by `NODE_OPTIONS=--require`: on SIGUSR2 every lane is ended, wherever it is, as a defect in
 * it would do. The product has no such door.
 */
import workerThreads, { type WorkerOptions } from "node:worker_threads";

const lanes = new Set<workerThreads.Worker>();

class WatchedWorker extends workerThreads.Worker {
  constructor(file: string, options: WorkerOptions) {
    super(file, options);
    if (options.name !== "lane") return;
    lanes.add(this);
    this.once("exit", () => lanes.delete(this));
  }
}

if (workerThreads.isMainThread) {
  // The server looks the class up when it starts a thread.
  Object.assign(workerThreads, { Worker: WatchedWorker });
  process.on("SIGUSR2", () => {
    for (const lane of lanes) void lane.terminate();
  });
}
