import type { BlockingRuntime } from "../runtime";
import { HostRuntime } from "./hostRuntime";
import type { LaneHandle } from "./laneHandle";

/**
 * Opens a lane in the thread that is to run its batches; warm it before its first batch.
 * @throws Error when an output is of a type that is not served
 */
export function openLane(lane: LaneHandle): BlockingRuntime {
  return new HostRuntime(lane, lane.sessions as never);
}
