import { execFileSync, spawn } from "node:child_process";
import { createHash } from "node:crypto";
import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import path from "node:path";
import { createInterface } from "node:readline";
import { CommandFailure } from "./failure";
import type { Progress } from "./progress";

/** `onnx` reads and runs ONNX files, `tensorflow` also TensorFlow's. */
export type Toolkit = "onnx" | "tensorflow";

const root = path.join(__dirname, "..", "..");
const scripts = path.join(root, "scoring-image", "convert");
const requirements: Readonly<Record<Toolkit, readonly string[]>> = {
  onnx: ["requirements-onnx.txt"],
  tensorflow: ["requirements.txt", "requirements-onnx.txt"],
};
const sizes: Readonly<Record<Toolkit, string>> = { onnx: "200 MB", tensorflow: "1.5 GB" };
/** What a script of ours exits with where the model is at fault; the last line of its standard error says why. */
const refusedCode = 3;

/**
 * Runs one of the Python scripts in `scoring-image/convert` and returns what it prints, JSON. The virtual environment is made on first use.
 * @throws CommandFailure `python` where there is none or the script fails, `refused` where the model cannot be used
 */
export async function runPython(
  toolkit: Toolkit,
  script: string,
  args: readonly string[],
  progress: Progress,
): Promise<unknown> {
  const interpreter = await pythonEnvironment(toolkit, progress);
  const ran = await run(interpreter, [path.join(scripts, script), ...args], progress);
  if (ran.code === 0) return JSON.parse(ran.output) as unknown;
  const last = ran.errors.at(-1) ?? `${script} ended with ${String(ran.code)}`;
  if (ran.code === refusedCode) {
    throw new CommandFailure("refused", last.replace(/^refused: /, ""));
  }
  // argparse ends with 2.
  if (ran.code === 2) throw new CommandFailure("usage", last.replace(/^\S+: error: /, ""));
  throw new CommandFailure("python", `${script} failed:\n${ran.errors.slice(-20).join("\n")}`);
}

/**
 * The interpreter of the pinned virtual environment, in the git-ignored folder `.local`; another pin makes another one.
 * @throws CommandFailure python
 */
export async function pythonEnvironment(toolkit: Toolkit, progress: Progress): Promise<string> {
  const files = requirements[toolkit].map((name) => path.join(scripts, name));
  const hash = createHash("sha256");
  for (const file of files) hash.update(readFileSync(file));
  const folder = path.join(root, ".local", `python-${toolkit}-${hash.digest("hex").slice(0, 8)}`);
  const interpreter = path.join(folder, process.platform === "win32" ? "Scripts" : "bin", "python");
  const complete = path.join(folder, "complete");
  if (existsSync(complete)) return interpreter;
  const base = findPython();
  progress.step(
    `This verb needs Python: setting up ${path.relative(root, folder)} (once, ${sizes[toolkit]})`,
  );
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(path.dirname(folder), { recursive: true });
  const steps = [
    [base, "-m", "venv", folder],
    [interpreter, "-m", "pip", "install", "--disable-pip-version-check", "-r", files[0] as string],
  ] as const;
  for (const [command, ...args] of steps) {
    const { code, errors } = await run(command, args, progress);
    if (code !== 0) {
      throw new CommandFailure(
        "python",
        `Setting up Python failed: ${errors.at(-1) ?? `${command} ended with ${String(code)}`}. On Debian the package python3-venv may be missing`,
      );
    }
  }
  writeFileSync(complete, "");
  return interpreter;
}

function findPython(): string {
  const named = process.env["PYTHON"];
  const command = named === undefined || named === "" ? "python3" : named;
  const hint = "install Python 3.10 to 3.13, or name it in the variable PYTHON";
  let version: string;
  try {
    version = execFileSync(command, ["-c", "import sys; print(*sys.version_info[:2])"], {
      encoding: "utf8",
    }).trim();
  } catch (cause) {
    throw new CommandFailure("python", `${command} cannot be run: ${hint}`, { cause });
  }
  const [major = 0, minor = 0] = version.split(" ").map(Number);
  if (major !== 3 || minor < 10 || minor > 13) {
    throw new CommandFailure("python", `${command} is Python ${major}.${minor}: ${hint}`);
  }
  return command;
}

/**
 * Runs a command; its standard error, and pip's standard output, become progress. SIGINT and SIGTERM end it, and then fail this call, so
 * that its caller cleans up.
 * @throws CommandFailure `interrupted`
 */
export async function run(command: string, args: readonly string[], progress: Progress) {
  const began = Date.now();
  const child = spawn(command, args, {
    stdio: ["ignore", "pipe", "pipe"],
    env: { ...process.env, ORT_DISABLE_TELEMETRY: "1", PYTHONUNBUFFERED: "1" },
  });
  const errors: string[] = [];
  let latest = `starting ${path.basename(args.find((word) => !word.startsWith("-")) ?? command)}`;
  createInterface(child.stderr).on("line", (line) => {
    if (line.trim() === "") return;
    errors.push(line);
    latest = line;
  });
  let output = "";
  child.stdout.setEncoding("utf8").on("data", (text: string) => {
    output += text;
    latest = text.trim().split("\n").at(-1)?.startsWith("{") ? latest : text.trim().slice(0, 100);
  });
  const timer = setInterval(
    () => progress.update(`${latest.slice(0, 120)} (${Math.round((Date.now() - began) / 1000)} s)`),
    1000,
  );
  let interrupted = false;
  const interrupt = (signal: NodeJS.Signals) => {
    interrupted = true;
    child.kill(signal);
  };
  process.on("SIGINT", interrupt).on("SIGTERM", interrupt);
  try {
    const code = await new Promise<number | null>((resolve, reject) => {
      child.on("error", reject);
      child.on("close", resolve);
    });
    if (interrupted) throw new CommandFailure("interrupted", "interrupted; nothing was made");
    return { code, output, errors };
  } finally {
    process.off("SIGINT", interrupt).off("SIGTERM", interrupt);
    clearInterval(timer);
    progress.end();
  }
}
