/**
 * What an entry script (`score.mjs` of a model package) is given and gives back. `npm run model -- new NAME` copies this file
 * beside the script, so that an editor knows the types. Docs: docs/entry-script.md.
 */

/** Values of a tensor, row-major. */
export type ScriptTensorData =
  Float32Array | Float64Array | Int32Array | BigInt64Array | Uint8Array | Int8Array;

/** A tensor; the first dimension is the batch. */
export interface ScriptTensor {
  readonly dims: readonly number[];
  readonly data: ScriptTensorData;
}

/** The package's model, held by the service; the script's thread has no copy of it. */
export interface ScriptModel {
  readonly name: string;
  readonly version: string;
  /** Dimensions that vary have a name, such as `N`. */
  readonly input: {
    readonly name: string;
    readonly dtype: string;
    readonly shape: readonly (number | string)[];
  };
  readonly outputs: readonly {
    readonly name: string;
    readonly dtype: string;
    readonly shape: readonly (number | string)[];
    readonly kind: string;
    readonly labels?: readonly string[];
  }[];
  /**
   * Scores a picture with the package's own preprocessing.
   * @param picture the bytes of a JPEG or PNG
   * @returns the outputs by name, [1, ...], as the graph computes them
   * @throws PredictionError; left uncaught, it becomes the service's answer (400 for a picture that cannot be decoded, 503 when overloaded)
   */
  predict(picture: Uint8Array | ArrayBuffer): Promise<Record<string, ScriptTensor>>;
  /**
   * Runs the model on a tensor of the script's own making, of the input's shape and dtype (Float32Array or Uint8Array).
   * @returns the outputs by name, [n, ...]
   * @throws PredictionError as `predict`
   */
  predictTensor(tensor: ScriptTensor): Promise<Record<string, ScriptTensor>>;
}

/** Why the service did not run the model. */
export interface PredictionError extends Error {
  readonly name: "PredictionError";
  /** The service's error code, for example `NOT_AN_IMAGE`. */
  readonly code: string;
}

/** Called once in each thread before its first request; a service whose script fails here does not start. */
export type Init = (model: ScriptModel) => void | Promise<void>;

/**
 * Called for each GET and POST on the scoring paths; one request at a time in each thread.
 * @param request a Request of the fetch API; its signal is aborted when the time is up. `authorization` is left out of its headers
 * @returns a Response, whose status, headers and body are passed on; bytes; or any value that JSON can hold, answered with 200
 * @throws anything: the caller gets 502 and `x-ms-run-function-failed: True`, the log the error
 */
export type Run = (request: Request, model: ScriptModel) => unknown;
