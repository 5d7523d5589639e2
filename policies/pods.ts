/** A container, as far as policies look at it. */
export interface Container {
  readonly name?: string;
  readonly env?: readonly { readonly name: string; readonly value?: string }[];
  readonly resources?: { readonly limits?: Readonly<Record<string, string>> };
  readonly securityContext?: {
    readonly runAsNonRoot?: boolean;
    readonly runAsUser?: number;
    readonly privileged?: boolean;
    readonly allowPrivilegeEscalation?: boolean;
  };
}

/** A pod's specification, as far as policies look at it. */
export interface PodSpec {
  readonly containers?: readonly Container[];
  readonly initContainers?: readonly Container[];
  readonly securityContext?: { readonly runAsNonRoot?: boolean };
}

interface Templated {
  readonly metadata?: { readonly namespace?: string };
  readonly spec?: {
    readonly template?: { readonly spec?: PodSpec };
    readonly jobTemplate?: { readonly spec?: { readonly template?: { readonly spec?: PodSpec } } };
  };
}

const kinds =
  /^kubernetes:(?:apps|batch|core)\/v1:(Deployment|DaemonSet|StatefulSet|ReplicaSet|Job|CronJob|Pod)$/;

/** The pods that a Kubernetes resource makes, with their namespace; none for other resources. */
export function podsOf(
  type: string,
  props: object,
): readonly { readonly spec: PodSpec; readonly namespace: string | undefined }[] {
  const kind = kinds.exec(type)?.[1];
  if (kind === undefined) return [];
  const { metadata, spec } = props as Templated;
  const pod =
    kind === "Pod"
      ? (spec as PodSpec | undefined)
      : kind === "CronJob"
        ? spec?.jobTemplate?.spec?.template?.spec
        : spec?.template?.spec;
  return pod ? [{ spec: pod, namespace: metadata?.namespace }] : [];
}
