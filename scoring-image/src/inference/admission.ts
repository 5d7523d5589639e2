import { ScoringError } from "../errors";
import { bytesOf, type PipelineInput } from "./request";

export interface AdmissionLimits {
  /** Pictures that may wait for a lane; more are refused with QUEUE_FULL. */
  readonly maxQueueSize: number;
  /** Bytes of pictures that may wait for a lane; more are refused with QUEUE_FULL. A free lane takes any. */
  readonly maxQueueBytes: number;
  /** Longest wait for a lane; a picture that can be expected to wait longer is refused at once with QUEUE_WAIT_EXCEEDED. */
  readonly maxQueueWaitMs: number;
}

/** What is in the pipeline ahead of a request that comes now. */
export interface Load {
  /** Pictures that no lane has taken, those included that are being decoded. */
  readonly waiting: number;
  /** Their bytes, as they arrived. */
  readonly waitingBytes: number;
  /** Pictures that free lanes would take at once. */
  readonly room: number;
  /** How long the request can be expected to wait for a lane, in milliseconds. */
  readonly expectedWaitMs: number;
}

/**
 * Share of the longest wait that a picture may be expected to wait and still be queued. Runs differ: queued up to the whole of it, half of the
 * last ones would wait in vain.
 */
const trustedShare = 0.75;

/** Decides at the door, for all pictures of a request or none: a refusal at once costs the caller nothing, one after a long wait does. */
export function refusalOf(
  inputs: readonly PipelineInput[],
  { maxQueueSize, maxQueueBytes, maxQueueWaitMs }: AdmissionLimits,
  { waiting, waitingBytes, room, expectedWaitMs }: Load,
): ScoringError | undefined {
  if (inputs.length > maxQueueSize - waiting + room) {
    const message = `Too many requests: ${waiting} pictures are waiting already.`;
    return new ScoringError("QUEUE_FULL", message);
  }
  const wanted = inputs.reduce((bytes, input) => bytes + bytesOf(input), waitingBytes);
  if (room === 0 && wanted > maxQueueBytes) {
    const message = `Too many requests: pictures of ${waitingBytes} bytes are waiting already.`;
    return new ScoringError("QUEUE_FULL", message);
  }
  if (expectedWaitMs <= maxQueueWaitMs * trustedShare) return undefined;
  const message = `No lane can be expected within ${maxQueueWaitMs} ms: ${waiting} pictures are waiting already.`;
  return new ScoringError("QUEUE_WAIT_EXCEEDED", message);
}
