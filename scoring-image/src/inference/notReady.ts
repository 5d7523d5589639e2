import { ScoringError } from "../errors";

/**
 * Why nothing can be scored now. A runtime that is not there, not ready or has not loaded its model is one state to callers, whatever the reason
 * in the log: an FPGA that is being programmed takes up to five minutes.
 * @param isAway what runs the model has gone, or is not there yet
 */
export const notReady = (isAway: boolean): ScoringError =>
  new ScoringError(
    "NOT_READY",
    isAway
      ? "The accelerator is being programmed; send the request again later."
      : "The model is still being loaded.",
  );
