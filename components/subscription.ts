import * as pulumi from "@pulumi/pulumi";
import { getClientConfig, getClientToken } from "@pulumi/azure-native/authorization";
import type { VmSize } from "./catalogue/vmSizes";

/** Machines that a stack will ask of the subscription. */
export interface Demand {
  readonly size: VmSize;
  readonly count: number;
}

/** What the subscription says of a demand: problems stop the deployment, notices are printed. */
export interface SubscriptionFindings {
  readonly problems: readonly string[];
  readonly notices: readonly string[];
}

interface Sku {
  readonly resourceType: string;
  readonly name: string;
  readonly family?: string;
  readonly restrictions?: readonly { readonly type: string; readonly reasonCode: string }[];
}

interface Usage {
  readonly name: { readonly value: string; readonly localizedValue: string };
  readonly currentValue: number;
  readonly limit: number;
}

/** How to reach Azure Resource Manager as the deployer. */
export interface ArmAccess {
  readonly endpoint: string;
  readonly token: string;
  readonly subscriptionId: string;
}

/**
 * Holds the demands against the subscription's SKU restrictions and vCPU quotas in a region.
 * @throws Error when Azure Resource Manager refuses the question
 */
export async function checkSubscription(
  access: ArmAccess,
  location: string,
  demands: readonly Demand[],
): Promise<SubscriptionFindings> {
  const compute = `${access.endpoint}/subscriptions/${access.subscriptionId}/providers/Microsoft.Compute`;
  const filter = encodeURIComponent(`location eq '${location}'`);
  const skus = await listAll<Sku>(
    `${compute}/skus?api-version=2021-07-01&$filter=${filter}`,
    access,
  );
  const usages = await listAll<Usage>(
    `${compute}/locations/${location}/usages?api-version=2024-07-01`,
    access,
  );
  const problems: string[] = [];
  const notices: string[] = [];
  const needs = new Map<string, number>();
  for (const { size, count } of demands) {
    const sku = skus.find(
      ({ name, resourceType }) =>
        resourceType === "virtualMachines" && name.toLowerCase() === size.name.toLowerCase(),
    );
    if (!sku) {
      problems.push(`${size.name} does not exist in ${location} for this subscription.`);
      continue;
    }
    const restriction = sku.restrictions?.find(({ type }) => type === "Location");
    if (restriction) {
      problems.push(
        `${size.name} is closed to this subscription in ${location} (${restriction.reasonCode}): ask Azure support to open it, or choose another size or region.`,
      );
      continue;
    }
    const family = sku.family ?? size.name;
    needs.set(family, (needs.get(family) ?? 0) + size.vcpus * count);
  }
  for (const [family, needed] of needs) {
    const usage = usages.find(({ name }) => name.value.toLowerCase() === family.toLowerCase());
    if (!usage) continue;
    const { limit, currentValue, name } = usage;
    if (needed > limit) {
      problems.push(
        `The quota "${name.localizedValue}" is ${limit} vCPU in ${location}, this stack needs ${needed}: ask for more under Quotas in the portal.`,
      );
    } else if (needed > limit - currentValue) {
      notices.push(
        `The quota "${name.localizedValue}" has ${limit - currentValue} of ${limit} vCPU left in ${location}, this stack needs ${needed}; enough only if those in use are its own.`,
      );
    }
  }
  return { problems, notices };
}

async function listAll<T>(first: string, { token }: ArmAccess): Promise<T[]> {
  const found: T[] = [];
  for (let url: string | undefined = first; url !== undefined;) {
    const response: Response = await fetch(url, {
      headers: { authorization: `Bearer ${token}` },
      signal: AbortSignal.timeout(60_000),
    });
    if (!response.ok) throw new Error(`Azure Resource Manager answered ${response.status}`);
    const page = (await response.json()) as { readonly value: T[]; readonly nextLink?: string };
    found.push(...page.value);
    url = page.nextLink;
  }
  return found;
}

/**
 * Looks the subscription up as the signed-in deployer, prints its notices, and says so where nobody is signed in: then
 * the deployment goes on, as it would without the look-up.
 * @throws pulumi.RunError with everything that Azure would refuse
 */
export async function preflight(location: string, demands: readonly Demand[]): Promise<void> {
  let findings: SubscriptionFindings;
  try {
    const [{ token }, { subscriptionId }] = await Promise.all([
      getClientToken(),
      getClientConfig(),
    ]);
    const endpoint = process.env["ARM_ENDPOINT"] ?? "https://management.azure.com";
    findings = await checkSubscription({ endpoint, token, subscriptionId }, location, demands);
  } catch (error) {
    const why = (error instanceof Error && error.message) || "nobody is signed in";
    await pulumi.log.warn(`Quota and restrictions of the subscription were not looked up: ${why}`);
    return;
  }
  await Promise.all(findings.notices.map((notice) => pulumi.log.warn(notice)));
  if (findings.problems.length > 0) {
    throw new pulumi.RunError(
      [
        "The subscription cannot hold this stack:",
        ...findings.problems.map((line) => `- ${line}`),
      ].join("\n"),
    );
  }
}
