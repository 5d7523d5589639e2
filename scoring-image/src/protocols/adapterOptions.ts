import type { Predictor } from "../inference/predictor";
import type { JsonThread } from "../json/jsonThread";
import type { Metrics } from "../telemetry/metrics";
import type { ServedModel } from "./modelReference";

/** What every protocol's adapter needs. */
export interface AdapterOptions extends ServedModel {
  readonly predictor: Predictor;
  readonly json: JsonThread;
  readonly metrics: Metrics;
  readonly maxBodyBytes: number;
  readonly bodyTimeoutMs: number;
  readonly scoringTimeoutMs: number;
}
