import { ascending, decimal, flag, list, oneOf, optional, text, texts, whole } from "./parsers";
import { cidr, httpsUrl, imageReference, pem, pinnedImage } from "./forms";

/** 8 to 256 printable characters without spaces: what the scoring server accepts as a key. */
const key = text(
  /^[\x21-\x7e]{8,256}$/,
  "8 to 256 printable characters without spaces",
  "$(openssl rand -hex 16)",
);

const guid = text(
  /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/i,
  "an object id such as 00000000-0000-0000-0000-000000000000",
  "00000000-0000-0000-0000-000000000000",
);

const dnsLabel = text(
  /^[a-z]([-a-z0-9]{0,61}[a-z0-9])?$/,
  "1 to 63 lower-case letters, digits and hyphens, beginning with a letter",
  "scoring",
);

/** Names of tensors or of the signature, several separated by commas as the reference's converter takes them. */
const tensor = (example: string) =>
  text(/^[\w.:/,-]{1,1000}$/, "names of tensors, separated by commas", example);

const perColour = (example: string) =>
  text(
    /^-?\d+(\.\d+)?(,-?\d+(\.\d+)?,-?\d+(\.\d+)?)?$/,
    "a number, or three separated by commas for red, green and blue",
    example,
  );

const name = text(/^\S{1,200}$/, "a name without spaces", "Standard_NC4as_T4_v3");

/** Name of a model inside a runtime: also a folder's and, quoted, a value of Triton's text format. */
const runtimeModel = text(
  /^[A-Za-z0-9][-\w.]{0,254}$/,
  "letters, digits, hyphens, underscores and dots",
  "resnet50",
);

/** What each key may be. Type, default and description are Pulumi.yaml's; `settings.ts` reads the values. */
export const definitions = {
  target: oneOf("azure", "kubernetes", "local"),
  name: text(
    /^[a-z][a-z0-9]{2,11}$/,
    "3 to 12 lower-case letters and digits, beginning with a letter (Azure allows a Key Vault 24 with our suffix)",
    "scoring",
  ),
  tags: texts(40, "at most 40 tags, names without <>%&\\?/ and texts of at most 256 characters"),
  protectData: flag,
  logRetentionDays: whole(30, 730),
  principalType: oneOf("User", "ServicePrincipal", "Group"),

  accelerator: oneOf("gpu", "fpga", "cpu"),
  vmSize: optional(name),
  allowRetiredVmSize: flag,
  nodeCount: whole(0, 1000),
  "nodeAutoscale.enabled": flag,
  "nodeAutoscale.minNodes": whole(0, 1000),
  "nodeAutoscale.maxNodes": whole(1, 1000),
  spot: flag,
  nodeZones: list(oneOf("1", "2", "3")),
  gpuInstanceProfile: optional(oneOf("MIG1g", "MIG2g", "MIG3g", "MIG4g", "MIG7g")),
  gpuDriver: oneOf("Install", "None"),
  gpuDevicePluginImage: imageReference,
  "fpga.resourceName": optional(
    text(
      /^(amd|xilinx)\.com\/[A-Za-z0-9]([-\w.]{0,61}[A-Za-z0-9])?$/,
      "a Kubernetes resource name that begins with amd.com/ or, of plugins before 2022-08-31, xilinx.com/",
      "amd.com/xilinx_u250_gen3x16_xdma_2_1_202010_1",
    ),
  ),
  "fpga.devicePluginImage": imageReference,
  "fpga.driverInstallerImage": optional(imageReference),

  "runtime.kind": oneOf("none", "triton", "openInference"),
  "runtime.image": optional(imageReference),
  "runtime.model": optional(runtimeModel),
  "runtime.port": whole(1, 65535),
  "runtime.args": list(text(/^\S(.*\S)?$/, "an argument of the command line", "--log-verbose=1")),
  "runtime.modelFolder": optional(
    text(/^(\/[\w.-]+)+$/, "the absolute path of a folder", "/models"),
  ),
  "runtime.modelConfig": optional(
    text(/^[^]{1,20000}$/, "lines of Triton's config.pbtxt", "dynamic_batching { }"),
  ),
  "runtime.cpuCores": decimal(0.1, 1000),
  "runtime.memoryGb": decimal(0.1, 10000),

  clusterPurpose: oneOf("fastProd", "devTest"),
  kubernetesVersion: optional(
    text(/^1\.\d{2}$/, "a minor version such as 1.35, without its patch", "1.35"),
  ),
  systemVmSize: name,
  systemNodeCount: whole(1, 100),
  systemZones: list(oneOf("1", "2", "3")),
  apiAccess: oneOf("authorizedRanges", "private"),
  authorizedIpRanges: list(cidr),
  deployerIpRange: text(
    /^(auto|(\d{1,3}\.){3}\d{1,3}\/\d{1,2})$/,
    "auto or a range such as 203.0.113.7/32",
    "203.0.113.7/32",
  ),
  deployerAddressUrl: text(
    /^https?:\/\/\S+$/,
    "the address of a page that answers with the caller's own address",
    "https://api.ipify.org",
  ),
  adminGroupObjectIds: list(guid),
  upgradeChannel: oneOf("patch", "stable", "none"),
  nodeOsUpgradeChannel: oneOf("NodeImage", "SecurityPatch", "None"),
  kubelogin: oneOf("azurecli", "spn", "workloadidentity", "msi"),
  kubeContext: optional(name),
  port: whole(0, 65535),

  registrySku: oneOf("Standard", "Basic", "Premium"),
  registryZoneRedundant: flag,
  "image.build": oneOf("docker", "acr", "none"),
  "image.reference": optional(imageReference),
  "image.source": optional(
    text(
      /^https:\/\/\S+\.git#\S+:\S+$/,
      "a Git address with branch and folder",
      "https://github.com/ORG/REPO.git#main:scoring-image",
    ),
  ),
  "image.pullPolicy": optional(oneOf("IfNotPresent", "Never", "Always")),
  "image.nodeBase": pinnedImage,
  "image.cpuBase": pinnedImage,
  "image.cudaBase": pinnedImage,
  "image.description": text(
    /^[^\n]{0,500}$/,
    "one line of at most 500 characters",
    "Scoring image",
  ),
  model: text(
    /^[A-Za-z0-9][-\w.]{0,254}$/,
    "a folder or .pb file in scoring-image/models",
    "efficientnet-lite0",
  ),
  modelVersion: whole(1, 1_000_000),
  modelDescription: text(
    /^[^\n]{0,500}$/,
    "one line of at most 500 characters",
    "Trained on our own photographs",
  ),
  modelTags: texts(
    13,
    "at most 13 tags, names without <>%&\\?/ and texts of at most 256 characters",
  ),
  "conversion.input": optional(tensor("images:0")),
  "conversion.outputs": optional(tensor("output_alias")),
  "conversion.preset": optional(oneOf("reference", "torchvision", "stretch")),
  "conversion.order": optional(oneOf("RGB", "BGR")),
  "conversion.mean": optional(perColour("127.5")),
  "conversion.scale": optional(perColour("0.0078125")),
  "conversion.detection": optional(oneOf("reference", "torchvision")),
  "conversion.precision": oneOf("float32", "float16"),
  keepOldModelVersions: flag,

  serviceName: text(
    /^[a-z]([-a-z0-9]{1,30}[a-z0-9])$/,
    "3 to 32 lower-case letters, digits and hyphens, beginning with a letter",
    "scoring-service",
  ),
  namespace: dnsLabel,
  replicas: whole(1, 1000),
  rollout: oneOf("rolling", "recreate"),
  cpuCores: optional(decimal(0.1, 1000)),
  memoryGb: optional(decimal(0.1, 10000)),
  cpuCoresLimit: optional(decimal(0.1, 1000)),
  memoryGbLimit: optional(decimal(0.1, 10000)),
  gpuCores: whole(1, 64),
  gpuMemoryLimit: optional(decimal(0.1, 10000)),
  "batch.sizes": optional(ascending(1, 1024)),
  "batch.maxDelayMs": whole(0, 86_400_000),
  lanes: whole(0, 256),
  decodeThreads: optional(whole(0, 256)),
  "autoscale.enabled": flag,
  "autoscale.minReplicas": whole(1, 1000),
  "autoscale.maxReplicas": whole(1, 1000),
  "autoscale.targetUtilization": whole(1, 100),
  scoringTimeoutMs: whole(1, 86_400_000),
  maxConcurrentRequestsPerReplica: whole(0, 100_000),
  maxQueueWaitMs: whole(0, 86_400_000),
  auth: oneOf("key", "token", "none"),
  primaryKey: optional(key),
  secondaryKey: optional(key),
  primaryKeyGeneration: whole(1, 1_000_000),
  secondaryKeyGeneration: whole(1, 1_000_000),
  "token.issuer": optional(httpsUrl("https://login.microsoftonline.com/TENANT/v2.0")),
  "token.audience": optional(text(/^\S+$/, "a text without spaces", "api://APPLICATION-ID")),
  "token.jwksUri": optional(
    httpsUrl("https://login.microsoftonline.com/TENANT/discovery/v2.0/keys"),
  ),
  loadBalancer: oneOf("public", "internal"),
  dnsLabel: optional(dnsLabel),
  "tls.mode": oneOf("generated", "own", "none"),
  "tls.host": optional(
    text(/^[a-z0-9]([-a-z0-9.]{0,251}[a-z0-9])$/, "a host name", "score.example.com"),
  ),
  "tls.certificate": optional(pem("CERTIFICATE")),
  "tls.key": optional(pem("PRIVATE KEY")),
  allowClearText: flag,
} as const;

/** A key of this project's configuration. */
export type Key = keyof typeof definitions;

/** Keys whose values must be encrypted in a stack file. */
export const secretKeys: readonly Key[] = ["primaryKey", "secondaryKey", "tls.key"];

type Parsed<P> = P extends { parse: (text: string) => infer T } ? Exclude<T, undefined> : never;
type Unwrapped<T> = T extends { readonly value: infer V } ? V : T;

/** Every key with its parsed value; optional keys may be undefined. */
export type Given = { readonly [K in Key]: Unwrapped<Parsed<(typeof definitions)[K]>> };

/** The same with what follows from other settings where it is not set (`gpuRequests.ts`). */
export type Values = Omit<Given, "cpuCores" | "memoryGb"> & {
  readonly cpuCores: number;
  readonly memoryGb: number;
};
