import { createHash, randomBytes } from "node:crypto";
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import os from "node:os";
import path from "node:path";

/** Where the state of the stacks lies. */
export interface Backend {
  /** For the line that says what is used. */
  readonly description: string;
  /** What the CLI must be told by its environment. */
  readonly env: Readonly<Record<string, string>>;
  /** Folder for the configuration with salts and secrets: one for each backend, since each has its own salt. */
  readonly stacksFolder: string;
}

/** The project's own folder for state, passphrase and secrets; git ignores it. */
export const stateFolder = (root: string): string => path.join(root, ".pulumi-state");

/**
 * The backend: one that the environment names or the user has logged in to, else a folder inside the project with a
 * random passphrase beside it, made once.
 */
export function findBackend(root: string, env: NodeJS.ProcessEnv = process.env): Backend {
  const folder = stateFolder(root);
  const chosen =
    env["PULUMI_BACKEND_URL"] || loggedIn(env) || (env["PULUMI_ACCESS_TOKEN"] && "Pulumi Cloud");
  if (chosen) {
    const id = createHash("sha256").update(chosen).digest("hex").slice(0, 8);
    return {
      description: chosen,
      env: {},
      stacksFolder: privateFolder(path.join(folder, `stacks-${id}`)),
    };
  }
  privateFolder(folder);
  return {
    description: path.relative(process.cwd(), folder) || ".",
    env: {
      PULUMI_BACKEND_URL: `file://${folder.split(path.sep).join("/")}`,
      ...(env["PULUMI_CONFIG_PASSPHRASE"] === undefined && !env["PULUMI_CONFIG_PASSPHRASE_FILE"]
        ? { PULUMI_CONFIG_PASSPHRASE_FILE: passphraseFile(folder) }
        : {}),
    },
    stacksFolder: privateFolder(path.join(folder, "stacks")),
  };
}

function privateFolder(folder: string): string {
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  return folder;
}

function passphraseFile(folder: string): string {
  const file = path.join(folder, "passphrase");
  try {
    writeFileSync(file, randomBytes(24).toString("base64url"), { mode: 0o600, flag: "wx" });
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "EEXIST") throw error;
  }
  return file;
}

/** The backend of `pulumi login`, as the CLI notes it. */
function loggedIn(env: NodeJS.ProcessEnv): string | undefined {
  const home = env["PULUMI_HOME"] || path.join(os.homedir(), ".pulumi");
  try {
    const file = readFileSync(path.join(home, "credentials.json"), "utf8");
    return (JSON.parse(file) as { readonly current?: string }).current || undefined;
  } catch {
    return undefined;
  }
}
