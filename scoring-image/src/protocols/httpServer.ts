import { METHODS } from "node:http";
import type { Socket } from "node:net";
import type tls from "node:tls";
import cors from "@fastify/cors";
import Fastify, {
  LogController,
  type FastifyBaseLogger,
  type FastifyInstance,
  type FastifyReply,
  type FastifyRequest,
} from "fastify";
import type { Logger } from "pino";
import type { ConnectionAge } from "../connections/connectionAge";
import { tcpOptions } from "../connections/frontDoor";
import { headers } from "../contract";
import { ScoringError, toScoringError } from "../errors";
import type { Authenticator } from "../security/authenticator";
import type { Settings } from "../settings";
import type { ByteBudget } from "../limits/byteBudget";
import { errorBody } from "./errorBody";
import { Exchange, holdBodies, Pipelining } from "./exchange";
import { echoRequestIds, requestIdOf } from "./requestIds";

declare module "fastify" {
  interface FastifyRequest {
    exchange: Exchange;
  }
  interface FastifyContextConfig {
    /** Served without a key. */
    isOpen?: boolean;
    /** Body of an error in the words of the route's protocol. */
    errorForm?: (error: ScoringError) => object;
  }
}

export interface HttpServerOptions {
  readonly settings: Settings;
  readonly authenticate: Authenticator;
  readonly logger: Logger;
  /** True from SIGTERM on: every answer then asks its client to close the connection. */
  readonly isDraining: () => boolean;
  /** Tells which connections are old enough to be closed after their next answer. */
  readonly age: ConnectionAge;
  /** Undefined for clear text. */
  readonly tls: tls.TlsOptions | undefined;
  /** Which the bodies of all requests take their bytes from. */
  readonly budget: ByteBudget;
}

/** Seconds after which an overloaded or unready service should be asked again. */
const retryAfterSeconds = 1;

/**
 * The HTTP server that all HTTP protocols register their routes on. For every request, in this order: request ids, key, then the route;
 * so a wrong key is refused before method and body are looked at.
 */
export async function buildHttpServer(options: HttpServerOptions): Promise<FastifyInstance> {
  const { settings } = options;
  // Fastify's type for its instance would otherwise carry pino's logger type into every signature.
  const logger: FastifyBaseLogger = options.logger;
  const app = Fastify({
    loggerInstance: logger,
    ...listenOptions(options),
    logController: new LogController({ disableRequestLogging: true }),
    // A logger for each request would cost more than the one line that it writes.
    childLoggerFactory: (parent) => parent,
    genReqId: requestIdOf,
    keepAliveTimeout: settings.keepAliveTimeoutMs,
    // A backstop behind `readBody`, which answers in our own words, and for clients that dribble their headers.
    requestTimeout: settings.bodyTimeoutMs + 5000,
    return503OnClosing: false,
    clientErrorHandler: answerUnparsable,
    frameworkErrors: (_error, request, reply: FastifyReply) => {
      const message = "The request's path is not a valid URL.";
      const error = new ScoringError("INVALID_REQUEST", message);
      void reply.code(error.httpStatus).send(errorBody(error, request.id));
    },
  });
  app.removeAllContentTypeParsers();
  app.addContentTypeParser("*", (_request, _body, done) => done(null));
  knowAllMethods(app);
  holdBodies(app.server);
  beginExchanges(app, options.budget);
  onRequest(app, (request, reply) => {
    refuseTwoHosts(request);
    if (options.isDraining() || options.age.isOver(request.raw.socket))
      void reply.header("connection", "close");
    forgetMalformedType(request);
    echoRequestIds(request, reply);
  });
  await allowOrigins(app, settings.corsOrigins);
  onRequest(app, (request) => {
    if (request.is404 || request.routeOptions.config.isOpen) return undefined;
    return options.authenticate(request.headers.authorization);
  });
  addErrorAnswers(app);
  addAccessLog(app);
  return app;
}

/**
 * Methods that Node knows are routed like all others. Of QUERY Fastify would demand a Content-Type, as a method with a body that it reads:
 * here it reads none.
 */
function knowAllMethods(app: FastifyInstance): void {
  const known = new Set(app.supportedMethods);
  const added = METHODS.filter((method) => !known.has(method) || method === "QUERY");
  for (const method of added) app.addHttpMethod(method, { overrideExisting: true });
}

/** Node looks for requests that take too long every 30 s by itself, longer than they may take. */
const listening = { ...tcpOptions, connectionsCheckingInterval: 2000 };

/** Fastify's types know a server with TLS and one without as two, which no route of ours has to tell apart. */
const listenOptions = ({ tls: tlsOptions, settings }: HttpServerOptions): object =>
  tlsOptions
    ? { https: { ...listening, ...tlsOptions, handshakeTimeout: settings.handshakeTimeoutMs } }
    : { http: listening };

/** Adds a hook that is synchronous where it can be: a promise costs a turn of the event loop, and every request passes here. */
function onRequest(
  app: FastifyInstance,
  act: (request: FastifyRequest, reply: FastifyReply) => void | Promise<void>,
): void {
  app.addHook("onRequest", (request, reply, done) => {
    try {
      const pending = act(request, reply);
      if (pending) pending.then(() => done(), done);
      else done();
    } catch (error) {
      done(error as Error);
    }
  });
}

/** A request on a connection that has been ended for too many has nobody to be answered to. */
function beginExchanges(app: FastifyInstance, budget: ByteBudget): void {
  const pipelining = new Pipelining();
  app.decorateRequest("exchange");
  onRequest(app, (request, reply) => {
    const { raw } = request;
    if (!pipelining.begin(raw.socket)) return void reply.hijack();
    request.exchange = new Exchange(raw, reply.raw, { budget, pipelining });
  });
}

/** Node takes the first of two, and what stands before this server may take the second (RFC 9112, section 3.2). */
function refuseTwoHosts({ raw: { rawHeaders } }: FastifyRequest): void {
  let hosts = 0;
  for (let i = 0; i < rawHeaders.length; i += 2) {
    const name = rawHeaders[i] as string;
    if (name.length === 4 && name.toLowerCase() === "host") hosts++;
  }
  if (hosts > 1) {
    throw new ScoringError("INVALID_REQUEST", "The request has more than one Host header.");
  }
}

/** Registered before the key is checked, so that a browser may read a refusal and preflight requests need no key. */
async function allowOrigins(app: FastifyInstance, origins: string): Promise<void> {
  const list = origins
    .split(",")
    .map((origin) => origin.trim())
    .filter(Boolean);
  if (list.length === 0) return;
  await app.register(cors, {
    origin: list.includes("*") ? "*" : list,
    methods: ["GET", "POST"],
    exposedHeaders: [headers.requestId, headers.runFunctionFailed, headers.runFunctionMs],
  });
}

/** Bodies are taken under any Content-Type; Fastify would refuse one that is not of the form type/subtype before the route is asked. */
function forgetMalformedType({ headers }: FastifyRequest): void {
  const type = headers["content-type"];
  if (type !== undefined && !/^[\w!#$%&'*+.^`|~-]+\/[\w!#$%&'*+.^`|~-]+ *(;|$)/.test(type)) {
    delete headers["content-type"];
  }
}

function addErrorAnswers(app: FastifyInstance): void {
  app.setNotFoundHandler((request) => {
    const path = request.url.split("?")[0] ?? "";
    throw new ScoringError("NOT_FOUND", `There is nothing at ${request.method} ${path}.`);
  });
  app.setErrorHandler((thrown, request, reply) => {
    const error = toScoringError(thrown);
    const level = error.httpStatus === 500 || error.httpStatus === 502 ? "error" : "debug";
    const about = { reqId: request.id, err: error.cause ?? error, code: error.code };
    request.log[level](about, "request failed");
    if (error.retryable) void reply.header("retry-after", retryAfterSeconds);
    if (error.code === "UNAUTHENTICATED") void reply.header("www-authenticate", "Bearer");
    const { errorForm } = request.routeOptions.config;
    const body = errorForm ? errorForm(error) : errorBody(error, request.id);
    return reply.code(error.httpStatus).send(body);
  });
}

function addAccessLog(app: FastifyInstance): void {
  app.addHook("onResponse", (request, reply, done) => {
    const isProbe = request.routeOptions.config.isOpen === true;
    request.log[isProbe ? "debug" : "info"](
      {
        reqId: request.id,
        method: request.method,
        path: request.url.split("?")[0],
        status: reply.statusCode,
        ms: Math.round(reply.elapsedTime * 1000) / 1000,
      },
      "request",
    );
    done();
  });
}

/** Answers what Node's HTTP parser refused: there is no request to hang an answer on, only a socket. */
function answerUnparsable(error: Error & { code?: string }, socket: Socket): void {
  // A failed TLS handshake is reported here too, and nothing can be said to its client.
  if (!socket.writable || !/^(HPE|ERR_HTTP)_/.test(error.code ?? "")) {
    socket.destroy();
    return;
  }
  const [status, reason, fault] =
    error.code === "ERR_HTTP_REQUEST_TIMEOUT"
      ? [
          408,
          "Request Timeout",
          new ScoringError("BODY_TIMEOUT", "The request did not arrive in time."),
        ]
      : error.code === "HPE_HEADER_OVERFLOW"
        ? [
            431,
            "Request Header Fields Too Large",
            new ScoringError("HEADER_TOO_LARGE", "The request's headers are too large."),
          ]
        : [
            400,
            "Bad Request",
            new ScoringError("INVALID_REQUEST", "This is not an HTTP/1.1 request."),
          ];
  const body = JSON.stringify(errorBody(fault, ""));
  // The client gets a moment to read the answer, and may not keep the connection by never closing it.
  setTimeout(() => socket.destroy(), 1000);
  socket.end(
    `HTTP/1.1 ${status} ${reason}\r\nConnection: close\r\nContent-Type: application/json\r\nContent-Length: ${Buffer.byteLength(body)}\r\n\r\n${body}`,
  );
}
