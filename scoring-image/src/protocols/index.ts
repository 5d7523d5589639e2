import type { AddressInfo } from "node:net";
import type { FastifyInstance } from "fastify";
import type { Logger } from "pino";
import type { JsonThread } from "../json/jsonThread";
import type { Predictor } from "../inference/predictor";
import { credentialForms, keyAuthenticator, openAuthenticator } from "../security/keys";
import type { ScriptPool } from "../scripting/scriptPool";
import type { Settings } from "../settings";
import type { Metrics } from "../telemetry/metrics";
import { registerAzureml } from "./azureml/routes";
import { drain } from "./drain";
import { addHealth } from "./grpc/health";
import { GrpcServer } from "./grpcServer";
import { registerHealth, type Readiness } from "./health";
import { buildHttpServer } from "./httpServer";
import { buildMetricsServer } from "./metricsServer";
import type { ServedModel } from "./modelReference";
import { registerTensorflow } from "./tensorflow/rest";
import { modelServiceOf, predictionServiceOf } from "./tensorflow/services";

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
}

/** Where a started service can be reached. */
export interface ServiceAddress {
  /** For example `127.0.0.1:50051`; absent when gRPC is not served. */
  readonly grpcAddress?: string;
  /** For example `http://127.0.0.1:5001`. */
  readonly url: string;
  readonly metricsUrl: string;
}

/** What every protocol's adapter needs. */
export interface AdapterOptions extends ServedModel {
  readonly predictor: Predictor;
  readonly json: JsonThread;
  readonly metrics: Metrics;
  readonly maxBodyBytes: number;
  readonly bodyTimeoutMs: number;
  readonly scoringTimeoutMs: number;
}

/** All servers of the service, each with its protocols registered. */
export class Protocols {
  readonly http: FastifyInstance;
  readonly grpc: GrpcServer;
  readonly #metricsHttp: FastifyInstance;
  readonly #settings: Settings;

  private constructor(http: FastifyInstance, options: ProtocolsOptions) {
    const { settings, predictor, json, metrics, logger, isReady } = options;
    const serviceName = settings.serviceName ?? predictor.model.name;
    const adapter = { ...settings, model: predictor.model, serviceName, predictor, json, metrics };
    this.#settings = settings;
    this.http = http;
    this.grpc = new GrpcServer({
      ...adapter,
      logger,
      authenticate: settings.keys
        ? keyAuthenticator(settings.keys, credentialForms.grpc)
        : openAuthenticator,
    });
    this.#metricsHttp = buildMetricsServer(metrics);
    registerHealth(http, isReady);
    addHealth(this.grpc, isReady);
    registerAzureml(http, { ...adapter, script: options.script });
    registerTensorflow(http, adapter);
    this.grpc.add(predictionServiceOf(adapter));
    this.grpc.add(modelServiceOf(adapter));
  }

  /** Puts the servers together; none listens yet. */
  static async build(options: ProtocolsOptions): Promise<Protocols> {
    const { settings, logger, isDraining } = options;
    const authenticate = settings.keys ? keyAuthenticator(settings.keys) : openAuthenticator;
    const http = await buildHttpServer({ settings, logger, authenticate, isDraining });
    return new Protocols(http, options);
  }

  /** @throws Node's EADDRINUSE when a port is taken */
  async listen(): Promise<ServiceAddress> {
    const { host, port, metricsPort, grpcPort } = this.#settings;
    await this.http.listen({ host, port });
    await this.#metricsHttp.listen({ host, port: metricsPort });
    const grpc = grpcPort === undefined ? undefined : await this.grpc.listen(host, grpcPort);
    return {
      ...(grpc === undefined ? {} : { grpcAddress: `${hostOf(this.http)}:${grpc}` }),
      url: urlOf(this.http),
      metricsUrl: urlOf(this.#metricsHttp),
    };
  }

  /**
   * Closes the doors and waits for the requests that were accepted, at most `graceMs`.
   * @returns false when requests were cut off
   */
  async drain(graceMs: number): Promise<boolean> {
    const complete = await Promise.all([drain(this.http, graceMs), this.grpc.drain(graceMs)]);
    return complete.every(Boolean);
  }

  /** Closes what `drain` leaves open. */
  async close(): Promise<void> {
    await Promise.all([this.http.close(), this.#metricsHttp.close()]);
  }
}

const addressOf = (app: FastifyInstance) => app.server.address() as AddressInfo;

function hostOf(app: FastifyInstance): string {
  const { address, family } = addressOf(app);
  return family === "IPv6" ? `[${address}]` : address;
}

const urlOf = (app: FastifyInstance) => `http://${hostOf(app)}:${addressOf(app).port}`;
