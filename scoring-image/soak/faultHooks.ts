/**
 * Loaded into a server under test by `NODE_OPTIONS=--require`, in its main thread and in its lanes: on SIGUSR2 every lane is ended wherever it
 * is, in the middle of a run too. The product has no such door, and never ends a thread that works.
 *
 * One place is left out, jpeg-turbo's own code: when a thread is ended inside it, its addon throws a C++ exception that nobody catches, and the
 * process aborts. A lock of each lane keeps the end out of it.
 */
import { createRequire } from "node:module";
import workerThreads, { type WorkerOptions } from "node:worker_threads";

/** Whose a lane's lock is: nobody's, the decoder's, or from then on that of its end. */
const lock = { free: 0, decoding: 1, ending: 2 } as const;

/** Where a lane finds its lock in its `workerData`. */
const lockName = "soakLock";

const lanes = new Set<WatchedWorker>();

class WatchedWorker extends workerThreads.Worker {
  readonly #lock: Int32Array;

  constructor(file: string, options: WorkerOptions) {
    const word = new Int32Array(new SharedArrayBuffer(4));
    const workerData = { ...(options.workerData as object), [lockName]: word };
    super(file, { ...options, workerData });
    this.#lock = word;
    if (options.name !== "lane") return;
    lanes.add(this);
    this.once("exit", () => lanes.delete(this));
  }

  end(): void {
    const { free, decoding, ending } = lock;
    while (Atomics.compareExchange(this.#lock, 0, free, ending) === decoding) {
      Atomics.wait(this.#lock, 0, decoding);
    }
    void this.terminate();
  }
}

type Codec = Record<"compressSync" | "decompressSync", (...given: unknown[]) => unknown>;

/** Makes jpeg-turbo take the lane's lock, and wait for its end where that has the lock. */
function guardCodec(word: Int32Array): void {
  const codec = createRequire(__filename)("@julusian/jpeg-turbo") as Codec;
  for (const name of ["compressSync", "decompressSync"] as const) {
    const call = codec[name];
    codec[name] = (...given) => {
      while (Atomics.compareExchange(word, 0, lock.free, lock.decoding) !== lock.free) {
        Atomics.wait(word, 0, lock.ending);
      }
      try {
        return call(...given);
      } finally {
        Atomics.store(word, 0, lock.free);
        Atomics.notify(word, 0);
      }
    };
  }
}

if (workerThreads.isMainThread) {
  // The server looks the class up when it starts a thread.
  Object.assign(workerThreads, { Worker: WatchedWorker });
  process.on("SIGUSR2", () => lanes.forEach((lane) => lane.end()));
} else {
  const given = workerThreads.workerData as Partial<Record<string, Int32Array>> | null;
  const word = given?.[lockName];
  if (word) guardCodec(word);
}
