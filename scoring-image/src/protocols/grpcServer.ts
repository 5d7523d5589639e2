import {
  Server,
  type Metadata,
  type sendUnaryData,
  type ServerUnaryCall,
  type ServiceDefinition,
  type UntypedServiceImplementation,
} from "@grpc/grpc-js";
import type { Logger } from "pino";
import type { GrpcReceiver } from "../connections/frontDoor";
import type { GrpcConnections } from "../connections/grpcConnections";
import { headers } from "../contract";
import { errorTable, toScoringError, type ScoringError } from "../errors";
import type { CallContext } from "../inference/call";
import type { Authenticator } from "../security/authenticator";
import type { Metrics } from "../telemetry/metrics";
import { checkRoute } from "./grpc/route";
import { Conversations } from "./grpc/conversations";
import { readMessage, statusOf, textOf } from "./grpc/wire";

export interface GrpcServerOptions {
  readonly serviceName: string;
  /** Largest message that may be received, in bytes, after decompression. */
  readonly maxBodyBytes: number;
  readonly scoringTimeoutMs: number;
  /** Checks the metadata `authorization`. */
  readonly authenticate: Authenticator;
  readonly metrics: Metrics;
  readonly logger: Logger;
  /** How its connections are kept alive and bounded. */
  readonly connections: GrpcConnections;
}

/** Answers one call; what it throws is sent as the status that the error table gives it. */
export type UnaryHandler<Request> = (request: Request, context: CallContext) => unknown;

/** A service of unary methods. */
export interface GrpcService {
  readonly definition: ServiceDefinition;
  /** By the method's name in the `.proto` file. */
  readonly methods: Readonly<Record<string, UnaryHandler<never>>>;
  /** Label of the scoring methods in the metrics. */
  readonly protocol: string;
  /** The methods that need no key. */
  readonly open?: readonly string[];
  /** The methods that score. */
  readonly scoring: readonly string[];
}

/** The gRPC server that all gRPC protocols register their services on. For every call, in this order: key, route, message, method. */
export class GrpcServer {
  /** What brings connections to it; it opens no port of its own. */
  readonly receiver: GrpcReceiver;
  readonly #server: Server;
  readonly #options: GrpcServerOptions;
  readonly #names: string[] = [];
  readonly #conversations = new Conversations();
  #isDraining = false;

  constructor(options: GrpcServerOptions) {
    this.#options = options;
    this.#server = new Server({
      ...options.connections.options,
      "grpc.max_receive_message_length": options.maxBodyBytes,
      // Answers are as large as the model makes them.
      "grpc.max_send_message_length": -1,
    });
    const { inject, drain } = options.connections.receiver(this.#server);
    this.receiver = {
      inject,
      drain: () => {
        this.#isDraining = true;
        this.#conversations.endAll();
        drain();
      },
    };
  }

  /** Full names of the services that were added. */
  get serviceNames(): readonly string[] {
    return this.#names;
  }

  /** True once its connections are being drained. */
  get isDraining(): boolean {
    return this.#isDraining;
  }

  /** Adds a service whose calls need a key, but for those that it says are open. */
  add({ definition, methods, protocol, scoring, open = [] }: GrpcService): void {
    const named = Object.entries(definition);
    // A message that cannot be read must be the caller's fault; grpc-js itself would call it INTERNAL, on which old clients retry for long.
    const raw = named.map(([name, method]) => [
      name,
      {
        ...method,
        requestDeserialize: (bytes: Buffer) => bytes,
        // Answers that a thread has finished are messages already.
        responseSerialize: (message: unknown) =>
          Buffer.isBuffer(message) ? message : method.responseSerialize(message),
      },
    ]);
    const handlers = named.map(([name, { path, requestDeserialize }]) => {
      const begin = () =>
        scoring.includes(name) ? this.#options.metrics.begin(protocol) : undefined;
      const handler = methods[name] as UnaryHandler<unknown>;
      const answer = (bytes: Buffer, context: CallContext) =>
        handler(
          readMessage(path, () => requestDeserialize(bytes) as unknown),
          context,
        );
      return [name, this.#unary(path, begin, answer, open.includes(name))];
    });
    this.addOpen(
      Object.fromEntries(raw) as ServiceDefinition,
      Object.fromEntries(handlers) as UntypedServiceImplementation,
    );
  }

  /** Adds a service whose one method answers each message of a stream with one message; its calls need a key. */
  addConversation(definition: ServiceDefinition, answer: (request: never) => unknown): void {
    const [[name, { path, requestDeserialize, ...method }]] = Object.entries(definition) as [
      [string, ServiceDefinition[string]],
    ];
    const handler = this.#conversations.handler({
      check: (metadata) => this.#check(metadata),
      answer: (bytes) =>
        answer(readMessage(path, (): unknown => requestDeserialize(bytes)) as never),
      end: (code) => this.#options.logger.info({ method: path, code }, "request"),
    });
    const raw = { ...method, path, requestDeserialize: (bytes: Buffer) => bytes };
    this.addOpen({ [name]: raw }, { [name]: handler });
  }

  /** Adds a service that is open to everybody, such as health. */
  addOpen(definition: ServiceDefinition, implementation: UntypedServiceImplementation): void {
    const [first] = Object.values(definition);
    this.#names.push(first?.path.split("/")[1] ?? "");
    this.#server.addService(definition, implementation);
  }

  #unary(
    path: string,
    begin: () => ((code: string) => void) | undefined,
    answer: UnaryHandler<Buffer>,
    isOpen: boolean,
  ) {
    return (call: ServerUnaryCall<Buffer, unknown>, reply: sendUnaryData<unknown>) => {
      const started = performance.now();
      const finish = begin();
      const end = (code: string) => {
        finish?.(code);
        const ms = Math.round((performance.now() - started) * 1000) / 1000;
        this.#options.logger.info({ method: path, code, ms }, "request");
      };
      this.#answer(call, answer, isOpen).then(
        (message) => {
          reply(null, message);
          end("OK");
        },
        (thrown: unknown) => {
          const error = toScoringError(thrown);
          this.#logFailure(error);
          reply(statusOf(error));
          end(error.code);
        },
      );
    };
  }

  async #answer(
    call: ServerUnaryCall<Buffer, unknown>,
    answer: UnaryHandler<Buffer>,
    isOpen: boolean,
  ) {
    await this.#check(call.metadata, isOpen);
    return await answer(call.request, callContext(call, this.#options.scoringTimeoutMs));
  }

  async #check(metadata: Metadata, isOpen = false): Promise<void> {
    const { authenticate, serviceName } = this.#options;
    if (!isOpen) await authenticate(textOf(metadata, "authorization"));
    checkRoute(textOf(metadata, headers.grpcRoute), serviceName);
  }

  #logFailure(error: ScoringError): void {
    const level = errorTable[error.code].grpc === "INTERNAL" ? "error" : "debug";
    this.#options.logger[level]({ err: error.cause ?? error, code: error.code }, "request failed");
  }
}

/** The caller's patience: ends when the call is cancelled, at its deadline, or when the service's own time is up. */
function callContext(call: ServerUnaryCall<Buffer, unknown>, timeoutMs: number): CallContext {
  const controller = new AbortController();
  call.on("cancelled", () => controller.abort());
  if (call.cancelled) controller.abort();
  const wanted = Number(call.getDeadline()) - Date.now();
  return {
    signal: controller.signal,
    deadline: performance.now() + Math.min(wanted, timeoutMs),
  };
}
