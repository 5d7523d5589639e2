import { existsSync } from "node:fs";
import { Refusal, type Properties, type State } from "./state";
import { deployer, regions, requireRole, sizes } from "./subscription";

const identityOf = (inputs: Properties) =>
  (inputs["identity"] as { readonly userAssignedIdentities?: readonly string[] } | undefined)
    ?.userAssignedIdentities?.[0] ?? "";

function requireSize(size: unknown, location: unknown): void {
  const found = sizes[String(size)];
  if (!found) throw new Refusal(`Code="BadRequest" the VM size ${String(size)} does not exist`);
  if (!found.regions.includes(String(location))) {
    throw new Refusal(
      `Code="BadRequest" The VM size of ${String(size)} is not allowed in your subscription in location '${String(location)}'.`,
    );
  }
}

const clusterOf = (inputs: Properties, state: State) => {
  const group = `/subscriptions/${deployer.subscriptionId}/resourceGroups/${String(inputs["resourceGroupName"])}`;
  return state.find(
    `${group}/providers/Microsoft.ContainerService/managedClusters/${String(inputs["resourceName"])}`,
  );
};

/** @throws Refusal unless its identity may use the kubelet's, and its pools and network are such as AKS takes */
export function requireCluster(inputs: Properties, state: State): void {
  const { kubeletidentity } = inputs["identityProfile"] as {
    readonly kubeletidentity: { readonly resourceId: string };
  };
  requireRole(
    state,
    state.find(identityOf(inputs)),
    "managedIdentityOperator",
    kubeletidentity.resourceId,
  );
  const pools = inputs["agentPoolProfiles"] as readonly Properties[];
  if (!pools.some(({ mode }) => mode === "System")) {
    throw new Refusal(`Code="MustDefineAtLeastOneSystemPool"`);
  }
  for (const { vmSize } of pools) requireSize(vmSize, inputs["location"]);
  const { networkDataplane, networkPolicy } = inputs["networkProfile"] as Properties;
  if (networkPolicy === "cilium" && networkDataplane !== "cilium") {
    throw new Refusal(`Code="NetworkPolicyCiliumRequiresCiliumDataplane"`);
  }
}

/** @throws Refusal for a VM size, counts or an upgrade that AKS does not take */
export function requirePool(inputs: Properties, state: State): void {
  const cluster = clusterOf(inputs, state);
  requireSize(inputs["vmSize"], cluster?.inputs["location"]);
  const { enableAutoScaling, minCount, maxCount, upgradeSettings } = inputs;
  if (enableAutoScaling !== true && (minCount !== undefined || maxCount !== undefined)) {
    throw new Refusal(`Code="InvalidParameter" minCount and maxCount need enableAutoScaling`);
  }
  const { maxSurge, maxUnavailable } = (upgradeSettings ?? {}) as Properties;
  if (maxSurge === "0" && (maxUnavailable === undefined || maxUnavailable === "0")) {
    throw new Refusal(`Code="InvalidParameter" maxSurge and maxUnavailable cannot both be 0`);
  }
  if (inputs["scaleSetPriority"] !== "Spot" && inputs["spotMaxPrice"] !== undefined) {
    throw new Refusal(`Code="InvalidParameter" spotMaxPrice needs scaleSetPriority Spot`);
  }
}

/** @throws Refusal unless its identity has its roles on all that it uses */
export function requireWorkspace(inputs: Properties, state: State): void {
  const identity = state.find(identityOf(inputs));
  const allow = (role: Parameters<typeof requireRole>[2], input: string) => {
    requireRole(state, identity, role, String(inputs[input]));
  };
  allow("contributor", "storageAccount");
  allow("blobDataContributor", "storageAccount");
  allow("contributor", "keyVault");
  allow("contributor", "applicationInsights");
  allow("contributor", "containerRegistry");
}

/** @throws Refusal for a name that is not of small letters and digits */
export function requireAccountName(inputs: Properties): void {
  // The client's mapper has the length alone; the page "Storage account overview" has the letters.
  if (!/^[a-z0-9]+$/.test(String(inputs["accountName"]))) {
    throw new Refusal(
      `Code="AccountNameInvalid" ${String(inputs["accountName"])} is not a valid storage account name.`,
    );
  }
}

/** @throws Refusal where the account takes no keys, or the file is not there */
export function requireBlob(inputs: Properties, state: State): void {
  const account = state
    .all("storage:StorageAccount")
    .find(({ inputs: { accountName } }) => accountName === inputs["accountName"]);
  // azure-native's Blob signs with the account key.
  if (account?.inputs["allowSharedKeyAccess"] === false) {
    throw new Refusal(`Code="KeyBasedAuthenticationNotPermitted"`);
  }
  const source = inputs["source"] as { readonly path?: string } | undefined;
  if (source?.path !== undefined && !existsSync(source.path)) {
    throw new Refusal(`${source.path} does not exist`);
  }
}

/** @throws Refusal where the datastore's container is not there */
export function requireContainer(inputs: Properties, state: State): void {
  const { accountName, containerName } = inputs["properties"] as Properties;
  const found = state
    .all("storage:BlobContainer")
    .some(
      (one) =>
        one.inputs["accountName"] === accountName && one.inputs["containerName"] === containerName,
    );
  if (!found)
    throw new Refusal(
      `Code="UserError" the container ${String(containerName)} of ${String(accountName)} does not exist`,
    );
}

/** @throws Refusal where the version's datastore is not there, or holds none of its files */
export function requireFiles(inputs: Properties, state: State): void {
  const { modelUri } = inputs["properties"] as { readonly modelUri: string };
  const [, datastore, folder] =
    /^azureml:\/\/datastores\/([^/]+)\/paths\/(.+?)\/?$/.exec(modelUri) ?? [];
  const store = state
    .all("machinelearningservices:Datastore")
    .find((one) => one.inputs["name"] === datastore);
  if (!store) throw new Refusal(`Code="UserError" the datastore of ${modelUri} does not exist`);
  const { accountName } = store.inputs["properties"] as Properties;
  const filled = state
    .all("storage:Blob")
    .some(
      (blob) =>
        blob.inputs["accountName"] === accountName &&
        String(blob.inputs["blobName"]).startsWith(`${folder}/`),
    );
  if (!filled) throw new Refusal(`Code="UserError" there is no file below ${modelUri}`);
}

/** @throws Refusal for a place where Azure has no data centre of ours */
export function requireRegion(location: unknown): void {
  if (location !== undefined && !(regions as readonly unknown[]).includes(location)) {
    throw new Refusal(
      `Code="LocationNotAvailableForResourceType" no location ${JSON.stringify(location)}`,
    );
  }
}
