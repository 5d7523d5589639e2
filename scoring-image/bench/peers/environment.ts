import { execFile } from "node:child_process";
import { cpSync, existsSync, mkdirSync, readFileSync } from "node:fs";
import path from "node:path";
import { promisify } from "node:util";

const here = __dirname;

/** Folder of the peers' virtual environments. */
const home = process.env["RACE_HOME"] ?? path.join(here, "../../../.local/race");

const run = promisify(execFile);

/**
 * Makes a virtual environment with the versions of `requirements-NAME.txt`, unless it is there.
 * @returns the folder of its commands
 * @throws Error when Python or one of the packages is not to be had
 */
export async function environment(name: string): Promise<string> {
  const folder = path.join(home, name);
  const bin = path.join(folder, "bin");
  const requirements = path.join(here, `requirements-${name}.txt`);
  const installed = path.join(folder, "requirements.txt");
  const wanted = readFileSync(requirements, "utf8");
  if (existsSync(installed) && readFileSync(installed, "utf8") === wanted) return bin;
  mkdirSync(home, { recursive: true });
  await run("python3", ["-m", "venv", folder]);
  await run(path.join(bin, "python"), ["-m", "pip", "install", "--quiet", "-r", requirements]);
  cpSync(requirements, installed);
  return bin;
}

/** What an environment's Python says: the value of an expression, for which `sysconfig` is there. */
export async function askPython(bin: string, expression: string): Promise<string> {
  const code = `import sysconfig; print(${expression})`;
  const { stdout } = await run(path.join(bin, "python"), ["-c", code]);
  return stdout.trim();
}
