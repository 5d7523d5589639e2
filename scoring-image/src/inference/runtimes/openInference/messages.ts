/** The messages of the Open Inference Protocol's gRPC form that go to and come from a runtime; fields as in `open_inference.proto`. */

export interface TensorMetadata {
  readonly name: string;
  readonly datatype: string;
  /** -1 for a dimension that may vary. */
  readonly shape: readonly number[];
}

export interface ModelMetadataResponse {
  readonly name: string;
  readonly versions: readonly string[];
  readonly platform: string;
  readonly inputs: readonly TensorMetadata[];
  readonly outputs: readonly TensorMetadata[];
}

export interface ModelInferRequest {
  readonly model_name: string;
  readonly inputs: readonly TensorMetadata[];
  /** The outputs to compute. */
  readonly outputs: readonly { readonly name: string }[];
  /** One for each input: its values, row-major and little-endian. */
  readonly raw_input_contents: readonly Uint8Array[];
}

export interface InferOutputTensor extends TensorMetadata {
  /** Empty lists, or null, where `raw_output_contents` is used. */
  readonly contents: Readonly<Record<string, readonly (number | boolean)[]>> | null;
}

export interface ModelInferResponse {
  readonly outputs: readonly InferOutputTensor[];
  /** One for each output, or none at all. */
  readonly raw_output_contents: readonly Buffer[];
}
