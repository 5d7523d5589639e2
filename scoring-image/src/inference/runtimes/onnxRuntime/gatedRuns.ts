import { ScoringError } from "../../../errors";
import type { LaneHandle } from "./laneHandle";
import type { OnnxRuntime } from "./native/onnxRuntime";
import { RunGate } from "./runGate";

/**
 * The only way of a lane to its session: every run passes the gate that its owner can shut, and can
 * be ended from outside.
 */
export class GatedRuns {
  readonly #gate: RunGate;

  constructor(
    private readonly runtime: OnnxRuntime,
    private readonly lane: Pick<LaneHandle, "gate" | "runOptions">,
  ) {
    this.#gate = new RunGate(lane.gate);
  }

  /**
   * @param call runs with the lane's run options and returns the status
   * @throws ScoringError CANCELLED when the run was ended; Error when the runtime is closed or the
   * run failed
   */
  run(id: number, call: () => bigint | null): void {
    this.#gate.enter(id);
    const { status, wasEnded } = this.#runInside(id, call);
    // One that had run through before it could be ended is as good as any other.
    if (status === null) return;
    if (!wasEnded) return this.runtime.check(status);
    this.runtime.call.ReleaseStatus(status);
    throw new ScoringError("CANCELLED", "The run was ended: nobody waits for it any more.");
  }

  #runInside(id: number, call: () => bigint | null) {
    let hasLeft = false;
    try {
      const status = call();
      hasLeft = true;
      return { status, wasEnded: !this.#leave(id) };
    } finally {
      if (!hasLeft) this.#leave(id);
    }
  }

  /** @returns false when the run was ended; the next one must not find that it is to end. */
  #leave(id: number): boolean {
    return this.#gate.leave(id, () =>
      this.runtime.check(this.runtime.call.RunOptionsUnsetTerminate(this.lane.runOptions)),
    );
  }

  /** After this every run throws. */
  close(): void {
    this.#gate.shut();
  }
}
