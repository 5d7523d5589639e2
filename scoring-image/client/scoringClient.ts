import type { ScoredClass } from "../src/inference/classification";
import type { Detection } from "../src/inference/detections";
import type { Features } from "./answer";
import type { RetryOptions } from "./retry";

/** What was found in a picture. */
export interface Scored {
  /** A classifier's classes or a detector's boxes, best first. */
  readonly top: readonly ScoredClass[] | readonly Detection[];
  /** Of a model that neither classifies nor detects its outputs; none of any other. */
  readonly features: readonly Features[];
  /** Time of the whole call in milliseconds, pauses between tries included. */
  readonly ms: number;
  /** Of which decoding and model, by the service's own clock; undefined where the protocol does not tell. */
  readonly modelMs: number | undefined;
}

/** Where a service is and how to call it. */
export interface ClientOptions extends RetryOptions {
  /** Scoring URI; a bare `http(s)://HOST/` means the only service there. */
  readonly url: string;
  /** Key or token; none for an open service. */
  readonly key?: string | undefined;
}

/** A client of one scoring service, over whichever protocol. */
export interface ScoringClient {
  /**
   * Scores one picture.
   * @param picture the bytes of a JPEG or PNG
   * @param top number of classes or boxes wanted
   * @throws ScoringFailure
   */
  score(picture: Uint8Array<ArrayBuffer>, top: number): Promise<Scored>;
  /** Closes its connections. */
  close(): void;
}
