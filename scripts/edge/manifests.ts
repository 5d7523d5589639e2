import { createHash } from "node:crypto";
import * as pulumi from "@pulumi/pulumi";
import { ScoringDeployment } from "../../components/scoringDeployment";
import { loadSettings } from "../../settings";
import { secretKeys } from "../../settings/definitions";
import type { Settings } from "../../settings/shape";
import { project, stackConfig } from "../stackConfig";

type Properties = Readonly<Record<string, unknown>>;

/** An object as it is sent to Kubernetes. */
export interface Manifest {
  readonly apiVersion: string;
  readonly kind: string;
  readonly metadata: { readonly name: string; readonly namespace?: string };
  readonly [field: string]: unknown;
}

/** A stack's service, as the program would deploy it. */
export interface RenderedStack {
  readonly settings: Settings;
  /** Without Secrets: keys and private keys are made where the service is installed. */
  readonly manifests: readonly Manifest[];
}

/**
 * Renders a stack's Kubernetes objects by the program's own components, without the engine, a cluster or a provider: what the
 * components register is kept instead of sent.
 * @param overrides settings in place of the stack file's
 * @throws pulumi.RunError as a preview does where the settings have problems
 */
export async function renderStack(
  stack: string,
  overrides: Properties = {},
): Promise<RenderedStack> {
  const manifests: Manifest[] = [];
  const newResource = ({ type, name, inputs }: pulumi.runtime.MockResourceArgs) => {
    if (type.startsWith("kubernetes:")) manifests.push(inputs as Manifest);
    return { id: name, state: stateOf(type, inputs as Properties) };
  };
  const call = ({ token }: pulumi.runtime.MockCallArgs) => {
    throw new Error(`rendering must ask nobody, but ${token} was called`);
  };
  await pulumi.runtime.setMocks({ newResource, call }, project, stack, false);
  const { config, secrets } = withoutSecrets(stackConfig(stack, overrides));
  pulumi.runtime.setAllConfig(config, secrets);
  const settings = loadSettings();
  new ScoringDeployment("service", {
    settings,
    imageRef: settings["image.reference"] ?? "",
    suffix: undefined,
  });
  // Not in the SDK's typings; it waits for every registration that has been begun.
  await (pulumi.runtime as unknown as { waitForRPCs: () => Promise<void> }).waitForRPCs();
  return { settings, manifests: inOrder(manifests.filter(({ kind }) => kind !== "Secret")) };
}

/** Values that the stack file encrypts stay where they are: nothing of them is needed here, but the rules ask whether they are set. */
function withoutSecrets(config: Readonly<Record<string, string>>) {
  const keys = secretKeys.map((key) => `${project}:${key}`);
  const set = keys.filter((key) => config[key]);
  const hidden = Object.fromEntries(
    set.map((key) => [
      key,
      key.endsWith(":tls.key")
        ? "-----BEGIN PRIVATE KEY-----\nnot here\n-----END PRIVATE KEY-----"
        : "not-in-the-bundle",
    ]),
  );
  return { config: { ...config, ...hidden }, secrets: set };
}

/** What components read of one another; new pods are started by another content of the ConfigMap. */
function stateOf(type: string, inputs: Properties): Properties {
  if (!type.startsWith("kubernetes:core/v1:ConfigMap")) {
    return { ...inputs, result: "", privateKeyPem: "", certRequestPem: "", certPem: "" };
  }
  const content = JSON.stringify(inputs["data"]);
  const resourceVersion = createHash("sha256").update(content).digest("hex").slice(0, 16);
  return { ...inputs, metadata: { ...(inputs["metadata"] as object), resourceVersion } };
}

/** The namespace first, what pods need before the Deployment, and otherwise by kind: registration has no fixed order. */
function inOrder(manifests: readonly Manifest[]): Manifest[] {
  const rank = ({ kind }: Manifest) => (kind === "Namespace" ? 0 : kind === "Deployment" ? 2 : 1);
  const key = (object: Manifest) => `${rank(object)} ${object.kind} ${object.metadata.name}`;
  return [...manifests].sort((a, b) => (key(a) < key(b) ? -1 : 1));
}
