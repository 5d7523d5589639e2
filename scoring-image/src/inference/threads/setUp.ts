import type { RowMemory } from "../rowSlots";
import type { InferencePlan } from "../plan";
import type { Availability } from "../runtimes/runtime";
import type { ChannelMemory } from "./channel";

/** What a thread of the pipeline is started with (`workerData`). */
export interface ThreadSetUp {
  readonly channel: ChannelMemory;
  readonly plan: InferencePlan;
  /** Where decode threads leave rows; absent where each lane decodes its own pictures. */
  readonly rows?: RowMemory | undefined;
  /** Which of the lanes this is; absent for a decode thread. */
  readonly lane?: number | undefined;
  /** What the runtime's host gives to each lane. */
  readonly runtime?: unknown;
}

/** What a lane says once it is warm, and whenever batches can, or can no longer, be run. */
export interface LaneState {
  readonly availability: Availability;
  /** The sizes that are warm, ascending, and what a run of each takes in milliseconds. */
  readonly ladder: { readonly sizes: readonly number[]; readonly costs: readonly number[] };
  /** What was made ready, for the log. */
  readonly notes: string;
}

/** Thread -> event loop, besides replies: ready, for a decode thread; the state, for a lane. */
export type StageMessage = { readonly type: "ready" } | ({ readonly type: "lane" } & LaneState);
