import * as pulumi from "@pulumi/pulumi";
import type { Settings } from "../settings/shape";

/**
 * The range of one address that the deployer is seen with from outside, such as 203.0.113.7/32.
 * @throws pulumi.RunError when the page cannot be reached or answers with something else
 */
export async function deployerRange(url: string): Promise<string> {
  const mend = "Set it yourself with: pulumi config set deployerIpRange ADDRESS/32";
  let answer: string;
  try {
    const response = await fetch(url, { signal: AbortSignal.timeout(10_000) });
    answer = (await response.text()).trim();
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    throw new pulumi.RunError(
      `deployerIpRange is auto, but ${url} could not be asked for this machine's address: ${why}. ${mend}`,
    );
  }
  if (!/^(\d{1,3}\.){3}\d{1,3}$/.test(answer)) {
    throw new pulumi.RunError(
      `deployerIpRange is auto, but ${url} answered with no IPv4 address. ${mend}`,
    );
  }
  return `${answer}/32`;
}

/**
 * The ranges that may reach the API server, each once: the stack's own and the deployer's. Undefined for a private one.
 * @throws pulumi.RunError when the deployer's address must be looked up and cannot be
 */
export async function apiRanges(
  settings: Pick<
    Settings,
    "apiAccess" | "authorizedIpRanges" | "deployerIpRange" | "deployerAddressUrl"
  >,
): Promise<string[] | undefined> {
  if (settings.apiAccess === "private") return undefined;
  const { deployerIpRange, deployerAddressUrl, authorizedIpRanges } = settings;
  const own =
    deployerIpRange === "auto" ? await deployerRange(deployerAddressUrl) : deployerIpRange;
  return [...new Set([...authorizedIpRanges, own])];
}
