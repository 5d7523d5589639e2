/** Physical names of one stack's Azure resources. */
export interface ResourceNames {
  readonly resourceGroup: string;
  readonly storageAccount: string;
  readonly keyVault: string;
  readonly registry: string;
  readonly workspace: string;
  readonly logs: string;
  readonly insights: string;
  readonly workspaceIdentity: string;
  readonly controlPlaneIdentity: string;
  readonly kubeletIdentity: string;
  readonly cluster: string;
}

/** Digits of the random suffix: a soft-deleted vault or workspace keeps its name, so that a new one needs another. */
export const suffixLength = 6;

/** The names, from the base name, the stack and the stack's random suffix. */
export function resourceNames(name: string, stack: string, suffix: string): ResourceNames {
  const readable = `${name}-${stack.toLowerCase().replaceAll(/[^a-z0-9-]/g, "-")}`;
  return {
    resourceGroup: `${readable}-${suffix}`,
    storageAccount: `${name}st${suffix}`,
    keyVault: `${name}-kv-${suffix}`,
    registry: `${name}cr${suffix}`,
    workspace: `${readable}-${suffix}`,
    logs: `${readable}-logs-${suffix}`,
    insights: `${readable}-insights-${suffix}`,
    workspaceIdentity: `${readable}-workspace-${suffix}`,
    controlPlaneIdentity: `${readable}-control-plane-${suffix}`,
    kubeletIdentity: `${readable}-kubelet-${suffix}`,
    cluster: `${readable}-${suffix}`,
  };
}

/** Azure's rule for each name (page "Naming rules and restrictions for Azure resources"). */
const rules: Readonly<Record<keyof ResourceNames, readonly [RegExp, string]>> = {
  resourceGroup: [/^[-\w.()]{0,89}[-\w()]$/, "at most 90 characters"],
  storageAccount: [/^[a-z0-9]{3,24}$/, "3 to 24 lower-case letters and digits"],
  keyVault: [/^[a-z][-a-z0-9]{1,22}[a-z0-9]$/, "3 to 24 letters, digits and hyphens"],
  registry: [/^[a-z0-9]{5,50}$/, "5 to 50 letters and digits"],
  workspace: [/^[a-z0-9][-\w]{2,32}$/, "3 to 33 letters, digits, hyphens and underscores"],
  logs: [/^[a-z0-9][-a-z0-9]{2,61}[a-z0-9]$/, "4 to 63 letters, digits and hyphens"],
  insights: [/^.{1,260}$/, "at most 260 characters"],
  workspaceIdentity: [/^[a-z0-9][-\w]{2,127}$/, "3 to 128 characters"],
  controlPlaneIdentity: [/^[a-z0-9][-\w]{2,127}$/, "3 to 128 characters"],
  kubeletIdentity: [/^[a-z0-9][-\w]{2,127}$/, "3 to 128 characters"],
  // The same text is the cluster's DNS prefix, which may have 54 characters.
  cluster: [/^[a-z0-9][-a-z0-9]{0,52}[a-z0-9]$/, "at most 54 letters, digits and hyphens"],
};

/** One line for each name that Azure would refuse. */
export function nameProblems(name: string, stack: string): string[] {
  const names = resourceNames(name, stack, "x".repeat(suffixLength));
  return (Object.keys(rules) as (keyof ResourceNames)[]).flatMap((kind) => {
    const [pattern, allowed] = rules[kind];
    return pattern.test(names[kind])
      ? []
      : [
          `The ${kind} would be named "${names[kind]}" (${names[kind].length} characters): Azure allows ${allowed}. Shorten the stack's name with: pulumi stack rename SHORTER, or the base name with: pulumi config set name SHORTER`,
        ];
  });
}

/** Longest name of a Linux node pool. */
export const maxPoolNameLength = 12;

/**
 * Name of the accelerator pool: another size or MIG profile makes another name, so that AKS brings the new pool up
 * before the old one goes.
 */
export function poolName(accelerator: string, vmSize: string, gpuInstanceProfile = ""): string {
  let hash = 0x811c9dc5;
  for (const character of `${vmSize.toLowerCase()} ${gpuInstanceProfile}`) {
    hash = Math.imul(hash ^ character.charCodeAt(0), 0x01000193) >>> 0;
  }
  return `${accelerator}${hash.toString(36).padStart(7, "0")}`.slice(0, maxPoolNameLength);
}

/** Name of the log workspace beside an ML workspace, both as `resourceNames` makes them. */
export const logsBeside = (workspace: string): string => workspace.replace(/-([^-]+)$/, "-logs-$1");
