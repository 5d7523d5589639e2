// Runs after `npm ci` at the root: installs the server's own dependencies, so that one command sets up both packages.
import { spawnSync } from "node:child_process";
import { existsSync } from "node:fs";
import path from "node:path";

const folder = path.join(
  import.meta.dirname ?? path.dirname(new URL(import.meta.url).pathname),
  "..",
  "scoring-image",
);
const command = existsSync(path.join(folder, "package-lock.json")) ? "ci" : "install";

const { status, error } = spawnSync("npm", [command, "--no-audit", "--no-fund"], {
  cwd: folder,
  stdio: "inherit",
  shell: process.platform === "win32",
  env: {
    ...process.env,
    // ONNX Runtime's installer would otherwise download CUDA libraries from a host that is not the npm registry.
    ONNXRUNTIME_NODE_INSTALL: "skip",
  },
});
if (error) console.error(`npm ${command} in scoring-image could not start: ${error.message}`);
process.exitCode = status ?? 1;
