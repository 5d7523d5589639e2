import {
  type Server,
  type sendUnaryData,
  type ServerUnaryCall,
  type ServerInterceptor,
  type ServiceDefinition,
  type UntypedServiceImplementation,
} from "@grpc/grpc-js";
import type { Logger } from "pino";
import type { GrpcReceiver } from "../connections/frontDoor";
import type { GrpcConnections } from "../connections/grpcConnections";
import { headers } from "../contract";
import { errorTable, toScoringError, type ScoringError } from "../errors";
import { maxSessionMegabytes, maxStreams } from "../limits/bounds";
import type { ByteBudget } from "../limits/byteBudget";
import type { CallContext } from "../inference/call";
import type { Authenticator } from "../security/authenticator";
import type { Metrics } from "../telemetry/metrics";
import { checkRoute } from "./grpc/route";
import { Conversations } from "./grpc/conversations";
import { gate } from "./grpc/gate";
import { messageReader } from "./grpc/messages";
import { sturdyServer } from "./grpc/sturdyServer";
import { statusOf, textOf } from "./grpc/wire";

export interface GrpcServerOptions {
  readonly serviceName: string;
  /** Largest message that may be received, in bytes, after decompression. */
  readonly maxBodyBytes: number;
  readonly bodyTimeoutMs: number;
  readonly writeTimeoutMs: number;
  readonly scoringTimeoutMs: number;
  /** Which the messages of all calls take their bytes from. */
  readonly budget: ByteBudget;
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
  /** The `.proto` file that it is of, by its path in `proto/`. */
  readonly file: string;
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
  /** Paths of the methods that need no key. */
  readonly #open = new Set<string>();
  /** Labels of the scoring methods in the metrics, by their paths. */
  readonly #scoring = new Map<string, string>();
  readonly #conversations = new Conversations();
  #isDraining = false;

  constructor(options: GrpcServerOptions) {
    this.#options = options;
    const { interceptors = [], ...bounds } = options.connections.options;
    const serverOptions = {
      ...bounds,
      interceptors: [...interceptors, this.#gate()],
      "grpc.max_concurrent_streams": maxStreams,
      "grpc-node.max_session_memory": maxSessionMegabytes,
      "grpc.max_receive_message_length": options.maxBodyBytes,
      // Answers are as large as the model makes them.
      "grpc.max_send_message_length": -1,
    };
    this.#server = sturdyServer(serverOptions, (path) => this.#open.has(path));
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

  #gate(): ServerInterceptor {
    const { authenticate, serviceName } = this.#options;
    return gate({
      ...this.#options,
      isOpen: (path) => this.#open.has(path),
      check: async (metadata, isOpen) => {
        if (!isOpen) await authenticate(textOf(metadata, "authorization"));
        checkRoute(textOf(metadata, headers.grpcRoute), serviceName);
      },
      onRefusal: (path, error) => this.#begin(path)(error),
    });
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
  add({ file, definition, methods, protocol, scoring, open = [] }: GrpcService): void {
    const named = Object.entries(definition);
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
    const handlers = named.map(([name, method]) => {
      if (scoring.includes(name)) this.#scoring.set(method.path, protocol);
      if (open.includes(name)) this.#open.add(method.path);
      const read = messageReader(file, method);
      const handler = methods[name] as UnaryHandler<unknown>;
      return [name, this.#unary(method.path, (bytes, context) => handler(read(bytes), context))];
    });
    this.#addService(
      Object.fromEntries(raw) as ServiceDefinition,
      Object.fromEntries(handlers) as UntypedServiceImplementation,
    );
  }

  /** Adds a service whose one method answers each message of a stream with one message; its calls need a key. */
  addConversation(
    file: string,
    definition: ServiceDefinition,
    answer: (request: never) => unknown,
  ): void {
    const [[name, method]] = Object.entries(definition) as [[string, ServiceDefinition[string]]];
    const { path } = method;
    const read = messageReader(file, method);
    const handler = this.#conversations.handler({
      answer: (bytes) => answer(read(bytes) as never),
      end: (code) => this.#options.logger.info({ method: path, code }, "request"),
    });
    const raw = { ...method, requestDeserialize: (bytes: Buffer) => bytes };
    this.#addService({ [name]: raw }, { [name]: handler });
  }

  /** Adds a service that is open to everybody, such as health. */
  addOpen(definition: ServiceDefinition, implementation: UntypedServiceImplementation): void {
    for (const { path } of Object.values(definition)) this.#open.add(path);
    this.#addService(definition, implementation);
  }

  #addService(definition: ServiceDefinition, implementation: UntypedServiceImplementation): void {
    const [first] = Object.values(definition);
    this.#names.push(first?.path.split("/")[1] ?? "");
    this.#server.addService(definition, implementation);
  }

  #unary(path: string, answer: UnaryHandler<Buffer>) {
    return (call: ServerUnaryCall<Buffer, unknown>, reply: sendUnaryData<unknown>) => {
      const end = this.#begin(path);
      const context = callContext(call, this.#options.scoringTimeoutMs);
      const answered = new Promise((resolve) => resolve(answer(call.request, context)));
      answered.then(
        (message) => {
          reply(null, message);
          end();
        },
        (thrown: unknown) => {
          const error = toScoringError(thrown);
          reply(statusOf(error));
          end(error);
        },
      );
    };
  }

  /** Counts a call as begun; the result is called once, at its end. */
  #begin(path: string): (error?: ScoringError) => void {
    const { metrics, logger } = this.#options;
    const started = performance.now();
    const protocol = this.#scoring.get(path);
    const finish = protocol === undefined ? undefined : metrics.begin(protocol);
    return (error) => {
      const code = error?.code ?? "OK";
      finish?.(code);
      if (error) this.#logFailure(error);
      const ms = Math.round((performance.now() - started) * 1000) / 1000;
      logger.info({ method: path, code, ms }, "request");
    };
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
