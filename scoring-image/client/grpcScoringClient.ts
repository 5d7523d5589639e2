import tls from "node:tls";
import { Client, credentials, Metadata, type ServiceError } from "@grpc/grpc-js";
import { headers } from "../src/contract";
import { loadProto, serviceOf } from "../src/proto/protos";
import { maxAnswerBytes } from "./answer";
import { grpcFailure } from "./grpcFailure";
import { topOf, type TensorMessage } from "./probabilities";
import { withRetries } from "./retry";
import type { ClientOptions, Scored, ScoringClient } from "./scoringClient";
import { ScoringFailure } from "./scoringFailure";

export interface GrpcClientOptions extends ClientOptions {
  /** Name of the model for servers that have several; the only one unless given. */
  readonly model?: string;
  /** Name of the input; asked of the service once, by GetModelMetadata, unless given. */
  readonly input?: string;
  /** Name of the output with the probabilities, `[1, classes]`; the first such unless given. */
  readonly output?: string;
  /** What the classes are called, by their indices, since Predict does not tell. */
  readonly labels?: readonly string[] | undefined;
}

interface PredictResponse {
  readonly outputs: Readonly<Record<string, TensorMessage>>;
}

interface MetadataResponse {
  readonly metadata: Readonly<Record<string, { readonly value: Uint8Array }>>;
}

interface SignatureDefMap {
  readonly signature_def: Readonly<Record<string, { readonly inputs: object } | undefined>>;
}

const definitions = loadProto("tensorflow_serving.proto");
const prediction = serviceOf(definitions, "tensorflow.serving.PredictionService");
const signatureMap = definitions["tensorflow.serving.SignatureDefMap"] as unknown as {
  readonly deserialize: (bytes: Uint8Array) => SignatureDefMap;
};

/** Calls a classifier by TensorFlow Serving's Predict. UNAVAILABLE and RESOURCE_EXHAUSTED are tried again, nothing else is. */
export class GrpcScoringClient implements ScoringClient {
  readonly #options: GrpcClientOptions;
  readonly #client: Client;
  readonly #metadata = new Metadata();
  #input: string | undefined;

  constructor(options: GrpcClientOptions) {
    const { hostname, protocol, port, pathname } = new URL(options.url);
    const isTls = protocol === "https:";
    this.#options = options;
    this.#input = options.input;
    this.#client = new Client(
      `${hostname}:${port || (isTls ? 443 : 80)}`,
      isTls ? credentials.createSsl(trustedCertificates()) : credentials.createInsecure(),
      { "grpc.max_receive_message_length": maxAnswerBytes },
    );
    if (options.key) this.#metadata.set("authorization", `Bearer ${options.key}`);
    const [route] = /^\/api\/v1\/service\/[^/]+/.exec(pathname) ?? [];
    if (route) this.#metadata.set(headers.grpcRoute, route);
  }

  async score(picture: Uint8Array<ArrayBuffer>, top: number): Promise<Scored> {
    const started = performance.now();
    const { outputs } = await withRetries(
      (timeoutMs) => this.#predict(picture, timeoutMs),
      this.#options,
    );
    const { output, labels } = this.#options;
    return {
      top: topOf(outputs, { output, labels, count: top }),
      features: [],
      ms: performance.now() - started,
      modelMs: undefined,
    };
  }

  close(): void {
    this.#client.close();
  }

  async #predict(picture: Uint8Array, timeoutMs: number): Promise<PredictResponse> {
    const deadline = Date.now() + timeoutMs;
    const input = (this.#input ??= await this.#askInput(deadline));
    const tensor = {
      dtype: "DT_STRING",
      tensor_shape: { dim: [{ size: 1 }] },
      string_val: [picture],
    };
    const request = { model_spec: this.#spec(), inputs: { [input]: tensor } };
    return await this.#call<PredictResponse>("Predict", request, deadline);
  }

  async #askInput(deadline: number): Promise<string> {
    const request = { model_spec: this.#spec(), metadata_field: ["signature_def"] };
    const { metadata } = await this.#call<MetadataResponse>("GetModelMetadata", request, deadline);
    const { signature_def: signatures } = signatureMap.deserialize(
      metadata["signature_def"]?.value ?? new Uint8Array(),
    );
    const [input] = Object.keys(signatures["serving_default"]?.inputs ?? {});
    if (input !== undefined) return input;
    const message = "The model has no signature serving_default: name its input yourself.";
    throw new ScoringFailure("unavailable", "NOT_A_CLASSIFIER", message);
  }

  #spec() {
    return { name: this.#options.model ?? "" };
  }

  #call<T>(name: string, request: object, deadline: number): Promise<T> {
    const method = prediction[name];
    if (!method) throw new Error(`PredictionService has no ${name}`);
    return new Promise((resolve, reject) => {
      const done = (error: ServiceError | null, answer?: unknown) =>
        error ? reject(grpcFailure(error, this.#options.url)) : resolve(answer as T);
      this.#client.makeUnaryRequest(
        method.path,
        method.requestSerialize,
        method.responseDeserialize,
        request,
        this.#metadata,
        { deadline },
        done,
      );
    });
  }
}

/** What Node itself trusts, so that `NODE_EXTRA_CA_CERTS` works as it does over HTTP. */
const trustedCertificates = () => Buffer.from(tls.getCACertificates("default").join("\n"));
