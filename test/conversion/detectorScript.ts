import { execFile } from "node:child_process";
import { createHash } from "node:crypto";
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import path from "node:path";
import { promisify } from "node:util";
import { root } from "../support/paths";

const run = promisify(execFile);
const folder = path.join(root, "tools", "golden", "detection");

/** Which implementation a detector and its answers come from. */
export type DetectorSource = "torchvision" | "reference";

const requirements: Readonly<Record<DetectorSource, string>> = {
  torchvision: "requirements-torchvision.txt",
  reference: "requirements-tensorflow.txt",
};

/** The interpreter of a virtual environment with a script's pinned packages, made in `.local` on first use. */
async function environment(source: DetectorSource): Promise<string> {
  const file = path.join(folder, requirements[source]);
  const hash = createHash("sha256").update(readFileSync(file)).digest("hex").slice(0, 8);
  const home = path.join(root, ".local", `detectors-${source}-${hash}`);
  const python = path.join(home, "bin", "python");
  const complete = path.join(home, "complete");
  if (!existsSync(complete)) {
    await run("python3", ["-m", "venv", "--clear", home]);
    await run(python, ["-m", "pip", "install", "--quiet", "-r", file]);
    writeFileSync(complete, "");
  }
  return python;
}

/** Runs `make_torchvision.py` or `make_reference.py` of tools/golden/detection. */
export async function detectorScript(source: DetectorSource, ...args: string[]): Promise<void> {
  const script = path.join(folder, `make_${source}.py`);
  await run(await environment(source), [script, ...args], {
    env: { ...process.env, PYTHONDONTWRITEBYTECODE: "1" },
    maxBuffer: 2 ** 26,
  });
}
