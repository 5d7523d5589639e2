import * as pulumi from "@pulumi/pulumi";
import { rolloutOf } from "../settings/capacityRules";
import type { Settings } from "../settings/shape";
import { deviceOf } from "./device";
import type { InferenceRuntime } from "./pod/podArgs";
import type { Pipeline } from "./pod/pipelineEnvironment";
import { ServiceCertificate } from "./serviceCertificate";
import type { Exposure } from "./serviceEndpoints";
import { ServiceKeys } from "./serviceKeys";
import { ScoringService, type TlsFiles } from "./scoringService";

/** Inputs of a ScoringDeployment. */
export interface ScoringDeploymentArgs {
  readonly settings: Settings;
  /** By digest where it is ours. */
  readonly imageRef: pulumi.Input<string>;
  /** Random suffix of the DNS label; undefined on a cluster that is not ours. */
  readonly suffix: pulumi.Output<string> | undefined;
}

/** The service with what must outlive it: its keys and its certificate. */
export class ScoringDeployment extends pulumi.ComponentResource {
  readonly service: ScoringService;
  readonly primaryKey: pulumi.Output<string> | undefined;
  readonly secondaryKey: pulumi.Output<string> | undefined;
  /** Certificate of the generated CA, PEM; undefined with an own certificate or none. */
  readonly caCertificate: pulumi.Output<string> | undefined;

  constructor(name: string, args: ScoringDeploymentArgs, opts?: pulumi.ComponentResourceOptions) {
    super("accelerated-scoring:scoringDeployment:ScoringDeployment", name, {}, opts);
    const { settings, imageRef, suffix } = args;
    const child = { parent: this };
    const exposure = exposureOf(settings, suffix);

    const keys =
      settings.auth === "key"
        ? new ServiceKeys(
            `${name}-keys`,
            {
              primaryKey: settings.secrets.primaryKey,
              secondaryKey: settings.secrets.secondaryKey,
              primaryKeyGeneration: settings.primaryKeyGeneration,
              secondaryKeyGeneration: settings.secondaryKeyGeneration,
            },
            child,
          )
        : undefined;
    const generated =
      settings["tls.mode"] === "generated" && exposure.host !== undefined
        ? new ServiceCertificate(`${name}-certificate`, { host: exposure.host }, child)
        : undefined;

    this.service = new ScoringService(
      name,
      {
        ...settings,
        image: imageRef,
        pullPolicy: settings["image.pullPolicy"],
        ownNodes: settings.target === "azure",
        device: deviceOf(settings),
        runtime: runtimeOf(settings),
        pipeline: pipelineOf(settings),
        autoscale: settings["autoscale.enabled"]
          ? {
              minReplicas: settings["autoscale.minReplicas"],
              maxReplicas: settings["autoscale.maxReplicas"],
              targetUtilization: settings["autoscale.targetUtilization"],
            }
          : undefined,
        rollout: rolloutOf(settings, settings.nodes),
        keys,
        tokens: tokensOf(settings),
        certificate: generated ?? ownCertificate(settings),
        exposure,
      },
      { ...child, deletedWith: opts?.deletedWith },
    );
    this.primaryKey = keys?.primaryKey;
    this.secondaryKey = keys?.secondaryKey;
    this.caCertificate = generated?.caCertificate;
    this.registerOutputs({
      primaryKey: this.primaryKey,
      secondaryKey: this.secondaryKey,
      caCertificate: this.caCertificate,
    });
  }

  /** What a stack exports of its service, on every target. */
  get outputs() {
    const { service, primaryKey, secondaryKey, caCertificate } = this;
    const { scoringUri, swaggerUri, grpcEndpoint, serviceState } = service;
    return {
      scoringUri,
      swaggerUri,
      grpcEndpoint,
      serviceState,
      primaryKey,
      secondaryKey,
      caCertificate,
    };
  }
}

/** How the settings want the service to be reached. */
export function exposureOf(
  settings: Pick<
    Settings,
    "target" | "loadBalancer" | "dnsLabel" | "tls.host" | "location" | "serviceName"
  >,
  suffix: pulumi.Output<string> | undefined,
): Exposure {
  const host = settings["tls.host"];
  const { loadBalancer, location, serviceName } = settings;
  if (settings.target === "azure" && loadBalancer === "public") {
    const dnsLabel = settings.dnsLabel ?? pulumi.interpolate`${serviceName}-${suffix}`;
    return {
      kind: "azure-public",
      dnsLabel,
      host: host ?? pulumi.interpolate`${dnsLabel}.${location}.cloudapp.azure.com`,
    };
  }
  if (settings.target === "azure") return { kind: "azure-internal", host };
  return { kind: loadBalancer === "public" ? "load-balancer" : "node-port", host };
}

function runtimeOf(settings: Settings): InferenceRuntime | undefined {
  const kind = settings["runtime.kind"];
  const image = settings["runtime.image"];
  if (kind === "none" || image === undefined) return undefined;
  return {
    kind,
    image,
    // Triton's repository is ours to name; another runtime's model has its name already, which the settings must say.
    model: settings["runtime.model"] ?? settings.model,
    port: settings["runtime.port"],
    args: settings["runtime.args"],
    modelFolder: settings["runtime.modelFolder"],
    modelConfig: settings["runtime.modelConfig"],
    cpuCores: settings["runtime.cpuCores"],
    memoryGb: settings["runtime.memoryGb"],
  };
}

const pipelineOf = (settings: Settings): Pipeline => ({
  batchSizes: settings["batch.sizes"],
  maxBatchDelayMs: settings["batch.maxDelayMs"],
  lanes: settings.lanes,
  decodeThreads: settings.decodeThreads,
  gpuMemoryLimit: settings.gpuMemoryLimit,
});

function tokensOf(settings: Settings) {
  const issuer = settings["token.issuer"];
  const audience = settings["token.audience"];
  return settings.auth === "token" && issuer && audience
    ? { issuer, audience, jwksUri: settings["token.jwksUri"] }
    : undefined;
}

function ownCertificate(settings: Settings): TlsFiles | undefined {
  const certificate = settings["tls.certificate"];
  const privateKey = settings.secrets.tlsKey;
  return settings["tls.mode"] === "own" && certificate && privateKey
    ? { certificate, privateKey }
    : undefined;
}
