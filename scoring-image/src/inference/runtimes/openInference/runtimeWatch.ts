import { failureOf, reasonOf } from "./failure";
import type { RuntimeClient } from "./runtimeClient";
import type { RuntimeModel } from "./runtimeModel";

/** What is known of the runtime: the model that it can run, or why it cannot run it; `reason` is a sentence's second half. */
export type RuntimeState = RuntimeModel | { readonly reason: string };

/** Time between two looks, in milliseconds: at a runtime that serves, and at one that does not. */
const intervals = { served: 1000, awaited: 250 } as const;

export interface RuntimeWatchOptions {
  readonly client: RuntimeClient;
  /** The model's name in the runtime. */
  readonly modelName: string;
  /** Reads the model's metadata from the runtime. */
  readonly readModel: () => Promise<RuntimeModel>;
  readonly onChange: (state: RuntimeState) => void;
}

/**
 * Follows whether a runtime can run the model: whether server and model are ready, once a second and whenever the connection is made or broken.
 * Metadata is read anew after every break, since another runtime may have taken the place of the first.
 */
export class RuntimeWatch {
  readonly #options: RuntimeWatchOptions;
  #state: RuntimeState = { reason: "has not been asked yet" };
  /** The model as read since the connection was made. */
  #known: RuntimeModel | undefined;
  #timer: NodeJS.Timeout | undefined;
  #isLooking = false;
  #lookAgain = false;
  #isClosed = false;
  readonly #waiting = new Set<(model: RuntimeModel) => void>();

  constructor(options: RuntimeWatchOptions) {
    this.#options = options;
    let wasConnected = false;
    options.client.watchConnection(() => {
      const { isConnected } = options.client;
      if (isConnected === wasConnected) return;
      wasConnected = isConnected;
      this.#known = undefined;
      this.#look();
    });
    this.#look();
  }

  /** The model, while it can be run. */
  get model(): RuntimeModel | undefined {
    return "graph" in this.#state ? this.#state : undefined;
  }

  /** Says that a call has failed because the runtime is away. */
  lost(error: unknown): void {
    this.#known = undefined;
    this.#change({ reason: reasonOf(error, this.#options.client.isConnected) });
    this.#look();
  }

  /** Waits until the model can be run. @returns undefined when that has not come about in time, or the signal is aborted before */
  available(withinMs: number, signal: AbortSignal): Promise<RuntimeModel | undefined> {
    if (this.model || signal.aborted) return Promise.resolve(this.model);
    return new Promise((resolve) => {
      const end = (model?: RuntimeModel) => {
        clearTimeout(timer);
        signal.removeEventListener("abort", give);
        this.#waiting.delete(end);
        resolve(model);
      };
      const give = () => end();
      const timer = setTimeout(give, Math.max(0, withinMs));
      signal.addEventListener("abort", give);
      this.#waiting.add(end);
    });
  }

  close(): void {
    this.#isClosed = true;
    clearTimeout(this.#timer);
  }

  #change(state: RuntimeState): void {
    const isSame = JSON.stringify(state) === JSON.stringify(this.#state);
    this.#state = state;
    if (isSame || this.#isClosed) return;
    this.#options.onChange(state);
    if ("graph" in state) for (const resume of [...this.#waiting]) resume(state);
  }

  /** Looks now, or again after the look in progress. */
  #look(): void {
    clearTimeout(this.#timer);
    this.#lookAgain = this.#isLooking;
    if (this.#isLooking || this.#isClosed) return;
    this.#isLooking = true;
    void this.#ask().then((state) => {
      this.#isLooking = false;
      if (this.#lookAgain) return this.#look();
      this.#change(state);
      const interval = "graph" in state ? intervals.served : intervals.awaited;
      if (!this.#isClosed) this.#timer = setTimeout(() => this.#look(), interval);
    });
  }

  async #ask(): Promise<RuntimeState> {
    const { client, modelName, readModel } = this.#options;
    const notLoaded = { reason: `has not loaded its model "${modelName}"` };
    try {
      if (!this.#known && !(await client.serverLive())) return { reason: "is not live" };
      if (!(await client.serverReady())) return { reason: "is not ready" };
      if (!(await client.modelReady())) return notLoaded;
      return (this.#known ??= await readModel());
    } catch (error) {
      this.#known = undefined;
      const isUnknown = client.isConnected && failureOf(error) === "away";
      return isUnknown ? notLoaded : { reason: reasonOf(error, client.isConnected) };
    }
  }
}
