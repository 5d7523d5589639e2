/** What the event loop holds of what runs batches; its lanes are in threads of their own. */
export interface RuntimeHost {
  /**
   * What the thread of a lane is given, which structured cloning can copy; `openRuntime` reads it there. Asked again for a thread that takes
   * the place of one that has ended.
   */
  handleOf(lane: number): unknown;
  /** Ends a run of a lane whose thread cannot be told; a run that has ended meanwhile, or another, is not touched. */
  cancel(lane: number, runId: number): void;
  /** Frees what the lanes shared. Call only when all of them have ended. */
  close(): Promise<void>;
}
