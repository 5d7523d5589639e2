import { Deployment } from "@pulumi/kubernetes/apps/v1";
import { ConfigMap, Namespace, Secret, Service, ServiceAccount } from "@pulumi/kubernetes/core/v1";
import type { core } from "@pulumi/kubernetes/types/output";
import * as pulumi from "@pulumi/pulumi";
import type { Rollout } from "../settings/capacityRules";
import type { ServiceKeys } from "./serviceKeys";
import { endpoints, ports, serviceState, type Exposure } from "./serviceEndpoints";
import type { ServicePodArgs } from "./pod/podArgs";
import { serverEnvironment } from "./pod/serverEnvironment";
import { selector, servicePod } from "./pod/servicePod";
import { guardService, type ServiceGuardArgs } from "./serviceGuards";

/** Certificate and private key of the service, PEM. */
export interface TlsFiles {
  readonly certificate: pulumi.Input<string>;
  readonly privateKey: pulumi.Input<string>;
}

/** Inputs of a ScoringService. */
export interface ScoringServiceArgs extends Omit<ServicePodArgs, "tls" | "auth">, ServiceGuardArgs {
  readonly namespace: string;
  /** Unused with `autoscale`. */
  readonly replicas: number;
  readonly rollout: Rollout;
  /** Undefined for an open service and one that takes tokens. */
  readonly keys: ServiceKeys | undefined;
  readonly certificate: TlsFiles | undefined;
  readonly exposure: Exposure;
}

/** The deployed service: everything Kubernetes needs to run, reach, protect and scale it. */
export class ScoringService extends pulumi.ComponentResource {
  readonly scoringUri: pulumi.Output<string>;
  readonly swaggerUri: pulumi.Output<string>;
  readonly grpcEndpoint: pulumi.Output<string>;
  /** `Healthy`, or `Unhealthy: ` with the reason Kubernetes gives. */
  readonly serviceState: pulumi.Output<string>;

  constructor(name: string, args: ScoringServiceArgs, opts?: pulumi.ComponentResourceOptions) {
    super("accelerated-scoring:scoringService:ScoringService", name, {}, opts);
    const { serviceName, accelerator, keys, certificate, exposure } = args;
    const pod: ServicePodArgs = {
      ...args,
      auth: keys ? "key" : args.tokens ? "token" : "none",
      tls: certificate !== undefined,
    };
    // Named for each child: a component does not hand it on.
    const child = { parent: this, deletedWith: opts?.deletedWith };
    const labels = selector(serviceName);
    const namespace = new Namespace(
      `${name}-namespace`,
      {
        metadata: {
          name: args.namespace,
          labels: { "pod-security.kubernetes.io/enforce": "restricted" },
        },
      },
      child,
    ).metadata.name;
    const metadata = (role?: string) => ({
      name: role === undefined ? serviceName : `${serviceName}-${role}`,
      namespace,
      labels,
    });

    const account = new ServiceAccount(
      `${name}-account`,
      { metadata: metadata(), automountServiceAccountToken: false },
      child,
    );
    const secrets = secretsOf(name, metadata, keys, certificate, child);
    const config = new ConfigMap(
      `${name}-config`,
      { metadata: metadata("config"), data: serverEnvironment(pod) },
      child,
    );
    const deployment = new Deployment(
      `${name}-deployment`,
      {
        metadata: metadata(),
        spec: {
          ...(args.autoscale ? {} : { replicas: args.replicas }),
          selector: { matchLabels: labels },
          strategy:
            "recreate" in args.rollout
              ? { type: "Recreate" }
              : { type: "RollingUpdate", rollingUpdate: { ...args.rollout } },
          template: {
            metadata: {
              labels,
              // A change of the ConfigMap must start new pods; one of the Secrets reaches the server in its files.
              annotations: {
                "accelerated-scoring/configuration": config.metadata.resourceVersion,
              },
            },
            spec: servicePod(pod, {
              configMap: config.metadata.name,
              keys: secrets.keys?.metadata.name,
              certificate: secrets.certificate?.metadata.name,
              serviceAccount: account.metadata.name,
            }),
          },
        },
      },
      {
        ...child,
        customTimeouts: { create: "20m", update: "30m" },
        ignoreChanges: args.autoscale ? ["spec.replicas"] : [],
      },
    );
    const service = serviceOf(name, metadata(), args, certificate !== undefined, child);
    guardService(name, metadata, args, deployment, child);

    const reached = endpoints({
      serviceName,
      namespace: args.namespace,
      fpga: accelerator === "fpga",
      tls: certificate !== undefined,
      exposure,
      ingress: service.status.apply((status) => status?.loadBalancer?.ingress?.[0]),
      nodePorts: service.spec.ports.apply((list: core.v1.ServicePort[] = []) =>
        Object.fromEntries(list.map((port) => [port.name, port.nodePort])),
      ),
    });
    this.scoringUri = reached.apply(({ scoringUri }) => scoringUri);
    this.swaggerUri = reached.apply(({ swaggerUri }) => swaggerUri);
    this.grpcEndpoint = reached.apply((reach) => reach.grpcEndpoint);
    this.serviceState = deployment.status.apply(serviceState);
    this.registerOutputs({
      scoringUri: this.scoringUri,
      swaggerUri: this.swaggerUri,
      grpcEndpoint: this.grpcEndpoint,
      serviceState: this.serviceState,
    });
  }
}

function secretsOf(
  name: string,
  metadata: (role?: string) => object,
  keys: ServiceKeys | undefined,
  certificate: TlsFiles | undefined,
  child: pulumi.CustomResourceOptions,
) {
  return {
    keys:
      keys &&
      new Secret(
        `${name}-keys`,
        {
          metadata: metadata("keys"),
          stringData: { primaryKey: keys.primaryKey, secondaryKey: keys.secondaryKey },
        },
        child,
      ),
    certificate:
      certificate &&
      new Secret(
        `${name}-tls`,
        {
          metadata: metadata("tls"),
          type: "kubernetes.io/tls",
          stringData: {
            "tls.crt": certificate.certificate,
            "tls.key": pulumi.secret(certificate.privateKey),
          },
        },
        child,
      ),
  };
}

function serviceOf(
  name: string,
  metadata: object,
  { serviceName, exposure }: ScoringServiceArgs,
  tls: boolean,
  child: pulumi.CustomResourceOptions,
): Service {
  const annotations: Record<string, pulumi.Input<string>> = {
    ...(exposure.kind === "azure-public"
      ? { "service.beta.kubernetes.io/azure-dns-label-name": exposure.dnsLabel }
      : {}),
    ...(exposure.kind === "azure-internal"
      ? { "service.beta.kubernetes.io/azure-load-balancer-internal": "true" }
      : {}),
  };
  const open = ports(tls);
  return new Service(
    `${name}-service`,
    {
      metadata: { ...metadata, annotations },
      spec: {
        type: exposure.kind === "node-port" ? "NodePort" : "LoadBalancer",
        // Keeps callers' addresses and spares a hop between nodes.
        externalTrafficPolicy: "Local",
        selector: selector(serviceName),
        ports: [
          { name: "scoring", port: open.scoring, targetPort: "scoring" },
          { name: "grpc", port: open.grpc, targetPort: "grpc" },
        ],
      },
    },
    child,
  );
}
