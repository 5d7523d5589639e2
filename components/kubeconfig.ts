import { accessSync, constants } from "node:fs";
import path from "node:path";
import * as pulumi from "@pulumi/pulumi";
import { parse } from "yaml";

/** Application id of AKS's API servers in Entra, the same in every tenant (page "Use kubelogin to authenticate"). */
export const aksServerId = "6dae42f8-4368-4678-94ff-3960e28e3630";

/** How kubelogin signs in. */
export type KubeloginMode = "azurecli" | "spn" | "workloadidentity" | "msi";

interface Kubeconfig {
  readonly users?: readonly { readonly name: string; readonly user: unknown }[];
}

/**
 * Azure's kubeconfig with its user signed in by kubelogin, as JSON: as Azure sends it, kubectl would ask for a device
 * login (Azure/AKS #4990).
 * @throws Error when the text is no kubeconfig
 */
export function kubeloginConfig(kubeconfig: string, mode: KubeloginMode): string {
  const config = parse(kubeconfig) as Kubeconfig | null;
  if (!config?.users) throw new Error("AKS answered with no kubeconfig");
  const user = {
    exec: {
      apiVersion: "client.authentication.k8s.io/v1beta1",
      command: "kubelogin",
      args: ["get-token", "--login", mode, "--server-id", aksServerId],
      interactiveMode: "Never",
      provideClusterInfo: false,
    },
  };
  return JSON.stringify({
    ...config,
    users: config.users.map(({ name }) => ({ name, user })),
  });
}

/**
 * Makes sure that the commands which sign in to the cluster can be found.
 * @throws pulumi.RunError naming what is missing and how to install it
 */
export function requireKubelogin(
  mode: KubeloginMode,
  env: Readonly<Record<string, string | undefined>> = process.env,
): void {
  const commands = mode === "azurecli" ? ["kubelogin", "az"] : ["kubelogin"];
  const missing = commands.filter((command) => !onPath(command, env["PATH"] ?? ""));
  if (missing.length === 0) return;
  const how: Readonly<Record<string, string>> = {
    kubelogin: "kubelogin: az aks install-cli, or https://azure.github.io/kubelogin/install.html",
    az: "az: https://aka.ms/azure-cli, or sign in otherwise with: pulumi config set kubelogin spn",
  };
  throw new pulumi.RunError(
    [
      `The cluster takes Entra sign-ins only, and ${missing.join(" and ")} cannot be found on PATH. Install:`,
      ...missing.map((command) => `- ${how[command]}`),
    ].join("\n"),
  );
}

function onPath(command: string, searched: string): boolean {
  const names = process.platform === "win32" ? [`${command}.exe`, `${command}.cmd`] : [command];
  return searched
    .split(path.delimiter)
    .filter((folder) => folder !== "")
    .some((folder) => names.some((name) => isExecutable(path.join(folder, name))));
}

function isExecutable(file: string): boolean {
  try {
    accessSync(file, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}
