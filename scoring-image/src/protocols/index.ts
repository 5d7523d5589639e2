import type { AddressInfo } from "node:net";
import type https from "node:https";
import type { FastifyInstance } from "fastify";
import type { Logger } from "pino";
import { ConnectionAge } from "../connections/connectionAge";
import { FrontDoor } from "../connections/frontDoor";
import { GrpcConnections } from "../connections/grpcConnections";
import type { ByteBudget } from "../limits/byteBudget";
import type { JsonThread } from "../json/jsonThread";
import type { Predictor } from "../inference/predictor";
import type { ScriptPool } from "../scripting/scriptPool";
import type { Certificate } from "../security/certificate";
import type { Authenticators } from "../security/authenticators";
import { renewCertificate, tlsOptions } from "../security/tls";
import type { Settings } from "../settings";
import { droppedLines } from "../telemetry/logger";
import type { Metrics } from "../telemetry/metrics";
import { registerAzureml } from "./azureml/routes";
import { addHealth } from "./grpc/health";
import { addReflection } from "./grpc/reflection";
import { GrpcServer } from "./grpcServer";
import { registerHealth, type Readiness } from "./health";
import { buildHttpServer } from "./httpServer";
import { buildMetricsServer } from "./metricsServer";
import { registerTensorflow } from "./tensorflow/rest";
import { modelServiceOf, predictionServiceOf } from "./tensorflow/services";
import { openInferenceService } from "./openInference/grpc";
import { registerOpenInference } from "./openInference/rest";

export interface ProtocolsOptions {
  readonly settings: Settings;
  readonly logger: Logger;
  readonly predictor: Predictor;
  readonly json: JsonThread;
  readonly metrics: Metrics;
  readonly script?: ScriptPool | undefined;
  /** Whether new requests should be sent here. */
  readonly isReady: Readiness;
  /** True from SIGTERM on. */
  readonly isDraining: () => boolean;
  readonly authenticators: Authenticators;
  /** Which all that callers send takes its bytes from. */
  readonly budget: ByteBudget;
  /** Undefined for clear text. */
  readonly certificate: Certificate | undefined;
}

/** Where a started service can be reached. */
export interface ServiceAddress {
  /** Of the port for gRPC if there is one, else of the port that HTTP has too; for example `127.0.0.1:50051`. */
  readonly grpcAddress: string;
  /** For example `http://127.0.0.1:5001`. */
  readonly url: string;
  readonly metricsUrl: string;
}

/** All servers of the service, each with its protocols registered. */
export class Protocols {
  readonly http: FastifyInstance;
  readonly grpc: GrpcServer;
  readonly #door: FrontDoor;
  readonly #metricsHttp: FastifyInstance;
  readonly #options: ProtocolsOptions;
  #endWatch: (() => void) | undefined;

  private constructor(http: FastifyInstance, age: ConnectionAge, options: ProtocolsOptions) {
    const { settings, predictor, json, metrics, logger, isReady, authenticators, budget } = options;
    const serviceName = settings.serviceName ?? predictor.model.name;
    const adapter = { ...settings, model: predictor.model, serviceName, predictor, json, metrics };
    this.#options = options;
    this.http = http;
    this.grpc = new GrpcServer({
      ...adapter,
      logger,
      budget,
      connections: new GrpcConnections(settings),
      authenticate: authenticators.grpc,
    });
    this.#door = new FrontDoor(http.server, {
      ...{ ...settings, age, grpc: this.grpc.receiver },
      onRefusal: (reason) => metrics.countRefusedConnection(reason),
    });
    metrics.watchCallers({
      connections: () => this.#door.connections,
      heldBytes: () => budget.bytes,
      droppedLines,
    });
    this.#metricsHttp = buildMetricsServer(metrics);
    registerHealth(http, isReady);
    addHealth(this.grpc, isReady);
    registerAzureml(http, { ...adapter, script: options.script });
    registerTensorflow(http, adapter);
    registerOpenInference(http, adapter, isReady);
    this.grpc.add(predictionServiceOf(adapter));
    this.grpc.add(modelServiceOf(adapter));
    this.grpc.add(openInferenceService(adapter, isReady));
    addReflection(this.grpc);
  }

  /** Puts the servers together; none listens yet. */
  static async build(options: ProtocolsOptions): Promise<Protocols> {
    const { settings, certificate } = options;
    const age = new ConnectionAge(settings.connectionMaxAgeMs);
    const http = await buildHttpServer({
      ...options,
      authenticate: options.authenticators.http,
      age,
      tls: certificate && tlsOptions(certificate),
    });
    return new Protocols(http, age, options);
  }

  /** @throws Node's EADDRINUSE when a port is taken */
  async listen(): Promise<ServiceAddress> {
    const { settings, certificate, logger } = this.#options;
    const { host, metricsPort, tls } = settings;
    await this.http.ready();
    const [first, second = first] = await this.#door.listen();
    await this.#metricsHttp.listen({ host, port: metricsPort });
    if (tls && certificate) {
      const server = this.http.server as unknown as https.Server;
      this.#endWatch = renewCertificate(server, tls, certificate, logger);
    }
    const metrics = this.#metricsHttp.server.address() as AddressInfo;
    return {
      grpcAddress: hostAndPort(second),
      url: `${tls ? "https" : "http"}://${hostAndPort(first)}`,
      metricsUrl: `http://${hostAndPort(metrics)}`,
    };
  }

  /**
   * Closes the doors and waits for the requests that were accepted, at most `graceMs`.
   * @returns false when requests were cut off
   */
  drain(graceMs: number): Promise<boolean> {
    return this.#door.drain(graceMs);
  }

  /** Closes what `drain` leaves open. */
  async close(): Promise<void> {
    this.#endWatch?.();
    this.#options.authenticators.close();
    // A client that keeps its connection, or says nothing on it, must not keep the process.
    for (const { server } of [this.http, this.#metricsHttp]) server.closeAllConnections();
    await Promise.all([this.http.close(), this.#metricsHttp.close()]);
  }
}

const hostAndPort = ({ address, family, port }: AddressInfo) =>
  `${family === "IPv6" ? `[${address}]` : address}:${port}`;
