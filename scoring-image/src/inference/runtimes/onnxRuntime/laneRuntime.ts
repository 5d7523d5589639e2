import type { BlockingRuntime } from "../runtime";
import { DeviceRuntime } from "./deviceRuntime";
import { HostRuntime } from "./hostRuntime";
import type { LaneHandle } from "./laneHandle";

/**
 * Opens a lane in the thread that is to run its batches; warm it before its first batch.
 * On a GPU lanes are opened and warmed one after the other: while one captures, no other thread may
 * ask the device for memory.
 * @throws Error when an output is of a type that is not served, or the device refuses memory
 */
export const openLane = (lane: LaneHandle): BlockingRuntime =>
  lane.sessions.kind === "host"
    ? new HostRuntime(lane, lane.sessions)
    : new DeviceRuntime(lane, lane.sessions);
