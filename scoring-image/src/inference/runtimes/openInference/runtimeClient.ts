import {
  Client,
  connectivityState,
  credentials,
  Metadata,
  type ClientUnaryCall,
  type ServiceDefinition,
  type ServiceError,
} from "@grpc/grpc-js";
import { loadProto, serviceOf } from "../../../proto/protos";
import type { Patience } from "../runtime";
import type { ModelInferRequest, ModelInferResponse, ModelMetadataResponse } from "./messages";

/** Longest time for an answer to a question about health or metadata: a runtime in Python answers none while it computes. */
const questionTimeoutMs = 10_000;

/**
 * The channel says at once when a connection breaks and tries again within a second. Retries are the backend's own, which knows when they are
 * safe; a proxy of the environment is not for loopback.
 */
const channelOptions = {
  "grpc.initial_reconnect_backoff_ms": 100,
  "grpc.min_reconnect_backoff_ms": 100,
  "grpc.max_reconnect_backoff_ms": 1000,
  "grpc.enable_retries": 0,
  "grpc.enable_http_proxy": 0,
  "grpc.service_config_disable_resolution": 1,
  "grpc.max_receive_message_length": -1,
  "grpc.max_send_message_length": -1,
} as const;

let service: ServiceDefinition | undefined;

/**
 * One connection to a runtime and the calls of the Open Inference Protocol on it;
 * https://github.com/kserve/open-inference-protocol/blob/main/specification/protocol/inference_grpc.md
 */
export class RuntimeClient {
  readonly #client: Client;
  /** The calls in progress. */
  readonly #calls = new Set<ClientUnaryCall>();
  #isClosed = false;

  constructor(
    address: string,
    private readonly model: string,
  ) {
    service ??= serviceOf(loadProto("open_inference.proto"), "inference.GRPCInferenceService");
    this.#client = new Client(address, credentials.createInsecure(), channelOptions);
  }

  /** True while there is a connection. */
  get isConnected(): boolean {
    return this.#client.getChannel().getConnectivityState(false) === connectivityState.READY;
  }

  /** Calls the listener whenever the connection is made or broken. */
  watchConnection(listener: () => void): void {
    const channel = this.#client.getChannel();
    const follow = () => {
      const state = channel.getConnectivityState(false);
      channel.watchConnectivityState(state, Infinity, () => {
        if (this.#isClosed) return;
        listener();
        follow();
      });
    };
    follow();
  }

  async serverLive(): Promise<boolean> {
    return (await this.#ask<{ live: boolean }>("ServerLive", {})).live;
  }

  async serverReady(): Promise<boolean> {
    return (await this.#ask<{ ready: boolean }>("ServerReady", {})).ready;
  }

  async modelReady(): Promise<boolean> {
    return (await this.#ask<{ ready: boolean }>("ModelReady", { name: this.model })).ready;
  }

  modelMetadata(): Promise<ModelMetadataResponse> {
    return this.#ask<ModelMetadataResponse>("ModelMetadata", { name: this.model });
  }

  /** @throws ServiceError; CANCELLED when the signal is aborted, DEADLINE_EXCEEDED when the time is up */
  modelInfer(
    request: Omit<ModelInferRequest, "model_name">,
    patience: Patience,
  ): Promise<ModelInferResponse> {
    return this.#call("ModelInfer", { model_name: this.model, ...request }, patience);
  }

  /** Cancels the calls in progress: a runtime that hangs must not keep this process. */
  close(): void {
    this.#isClosed = true;
    for (const call of this.#calls) call.cancel();
    this.#client.close();
  }

  #ask<Answer>(method: string, request: object): Promise<Answer> {
    return this.#call(method, request, { timeoutMs: questionTimeoutMs });
  }

  #call<Answer>(
    name: string,
    request: object,
    { timeoutMs, signal }: Partial<Patience>,
  ): Promise<Answer> {
    const method = service?.[name];
    if (!method) throw new Error(`GRPCInferenceService has no ${name}`);
    return new Promise((resolve, reject) => {
      const cancel = () => call.cancel();
      const done = (error: ServiceError | null, answer?: Answer) => {
        signal?.removeEventListener("abort", cancel);
        this.#calls.delete(call);
        if (error) reject(error);
        else resolve(answer as Answer);
      };
      const call = this.#client.makeUnaryRequest(
        method.path,
        method.requestSerialize,
        method.responseDeserialize as (bytes: Buffer) => Answer,
        request,
        new Metadata(),
        { deadline: Date.now() + (timeoutMs ?? 0) },
        done,
      );
      this.#calls.add(call);
      signal?.addEventListener("abort", cancel);
      if (signal?.aborted) cancel();
    });
  }
}
