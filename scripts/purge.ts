import { spawnSync } from "node:child_process";
import { parseArgs } from "node:util";
import { logsBeside } from "../components/names";

const usage =
  "npm run purge -- --subscription ID --resource-group G --workspace W --key-vault V --location L [--yes]";

/**
 * Commands of the Azure CLI that free the names which soft delete keeps after `pulumi destroy`. Azure deletes a log
 * workspace for good only while it exists, so it is recovered first, and that needs its resource group; the last
 * command removes the group again, and the CLI asks before it does.
 */
export function purgeCommands(names: {
  readonly subscription: string;
  readonly resourceGroup: string;
  readonly workspace: string;
  readonly keyVault: string;
  readonly location: string;
}): string[][] {
  const { subscription, resourceGroup, workspace, keyVault, location } = names;
  const id = `/subscriptions/${subscription}/resourceGroups/${resourceGroup}/providers/Microsoft.MachineLearningServices/workspaces/${workspace}`;
  const url = `https://management.azure.com${id}?api-version=2025-12-01&forceToPurge=true`;
  const logs = ["--workspace-name", logsBeside(workspace), "--resource-group", resourceGroup];
  return [
    ["group", "create", "--name", resourceGroup, "--location", location],
    ["rest", "--method", "delete", "--url", url],
    ["keyvault", "purge", "--name", keyVault, "--location", location],
    ["monitor", "log-analytics", "workspace", "recover", ...logs],
    ["monitor", "log-analytics", "workspace", "delete", ...logs, "--force", "--yes"],
    ["group", "delete", "--name", resourceGroup],
  ].map((command) =>
    command[0] === "rest" ? command : [...command, "--subscription", subscription],
  );
}

function main(): void {
  const text = { type: "string" } as const;
  const { values } = parseArgs({
    options: {
      subscription: text,
      "resource-group": text,
      workspace: text,
      "key-vault": text,
      location: text,
      yes: { type: "boolean", default: false },
    },
  });
  const { subscription, workspace, location } = values;
  const resourceGroup = values["resource-group"];
  const keyVault = values["key-vault"];
  if (!subscription || !workspace || !location || !resourceGroup || !keyVault)
    throw new Error(usage);
  for (const args of purgeCommands({
    subscription,
    resourceGroup,
    workspace,
    keyVault,
    location,
  })) {
    process.stdout.write(`az ${args.join(" ")}\n`);
    if (!values.yes) continue;
    const { status } = spawnSync("az", args, {
      stdio: "inherit",
      shell: process.platform === "win32",
    });
    if (status !== 0) process.exitCode = 1;
  }
  if (!values.yes)
    process.stdout.write("Nothing was purged: add --yes. What is purged cannot be recovered.\n");
}

if (require.main === module) {
  try {
    main();
  } catch (error) {
    process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`);
    process.exitCode = 1;
  }
}
