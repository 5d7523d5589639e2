import { spawnSync } from "node:child_process";
import { accessSync, constants, readFileSync, statSync } from "node:fs";
import os from "node:os";
import path from "node:path";

const root = path.join(__dirname, "..", "..");
const executable = process.platform === "win32" ? "pulumi.exe" : "pulumi";

/** The CLI that was found, and how to say so. */
export interface PulumiCli {
  readonly file: string;
  /** "pulumi 3.259.0 from PATH (/usr/bin/pulumi)"; asks the CLI. */
  readonly describe: () => string;
}

/** Version of the CLI that this repository is tested with: that of the npm package `pulumi`. */
export const pinnedVersion = (): string => {
  const manifest = readFileSync(path.join(root, "node_modules", "pulumi", "package.json"), "utf8");
  return (JSON.parse(manifest) as { readonly version: string }).version;
};

/** Where the npm package `pulumi` keeps a version, and `npm run pulumi:build` puts what it built. */
export function installFolder(env: NodeJS.ProcessEnv = process.env): string {
  const home = env["PULUMI_HOME"] || path.join(os.homedir(), ".pulumi");
  return path.join(home, "versions", pinnedVersion(), "bin");
}

/**
 * The Pulumi CLI: from PATH, else the pinned version, which the npm package `pulumi` downloads on first use.
 * @throws Error that names `npm run pulumi:build` where it cannot be downloaded
 */
export function findCli(env: NodeJS.ProcessEnv = process.env): PulumiCli {
  const onPath = (env["PATH"] ?? "")
    .split(path.delimiter)
    // npm puts its own packages on PATH, among them the one that downloads.
    .filter((folder) => folder !== "" && !folder.endsWith(path.join("node_modules", ".bin")))
    .map((folder) => path.join(folder, executable))
    .find(isExecutable);
  if (onPath !== undefined) return { file: onPath, describe: () => describe(onPath, "from PATH") };
  const installed = path.join(installFolder(env), executable);
  if (!isExecutable(installed)) download(env);
  if (!isExecutable(installed)) {
    throw new Error(
      `The Pulumi CLI ${pinnedVersion()} is not on PATH and could not be downloaded. Install it (https://www.pulumi.com/docs/install), or build it with Go: npm run pulumi:build`,
    );
  }
  return { file: installed, describe: () => describe(installed, "pinned in package.json") };
}

function download(env: NodeJS.ProcessEnv): void {
  const script = path.join(root, "node_modules", "pulumi", "run.js");
  spawnSync(process.execPath, [script, "version"], {
    env: { ...env, PULUMI_VERSION: pinnedVersion() },
    stdio: ["ignore", 2, 2],
  });
}

function describe(file: string, where: string): string {
  const { stdout } = spawnSync(file, ["version"], {
    encoding: "utf8",
    env: { ...process.env, PULUMI_SKIP_UPDATE_CHECK: "true" },
  });
  return `pulumi ${(stdout ?? "").trim().replace(/^v/, "")} ${where} (${file})`;
}

function isExecutable(file: string): boolean {
  try {
    accessSync(file, constants.X_OK);
    return statSync(file).isFile() && statSync(file).size > 0;
  } catch {
    return false;
  }
}
