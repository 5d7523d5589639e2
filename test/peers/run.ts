/**
 * `npm run verify:peers`: real clients of the protocols, installed from PyPI into a virtual environment of their own, call the server with
 * real photographs. Needs Python 3.11 with venv; PEERS_PYTHON names an interpreter that has the packages already.
 */
import { execFileSync } from "node:child_process";
import { existsSync, mkdirSync } from "node:fs";
import path from "node:path";
import { root } from "../support/paths";
import { killProcesses, startProcess } from "../support/serverProcess";

const key = "key-of-the-peers";
const here = path.join(root, "test", "peers");

/** Photographs of `samples/` and their ImageNet class indexes. */
const photographs = { "espresso.jpg": 967, "cat.jpg": 282 };

function pythonWithPackages(): string {
  const given = process.env["PEERS_PYTHON"];
  if (given) return given;
  const folder = path.join(root, ".local", "peers", "tfs");
  const python = path.join(folder, "bin", "python");
  const run = (command: string, ...args: string[]) =>
    execFileSync(command, args, { stdio: "inherit" });
  if (!existsSync(python)) {
    mkdirSync(path.dirname(folder), { recursive: true });
    run("python3", "-m", "venv", folder);
  }
  const install = [python, "-m", "pip", "install", "--quiet"] as const;
  run(...install, "-r", path.join(here, "requirements-tfs.txt"));
  // Without its dependencies: the client module needs grpcio and TensorFlow alone.
  run(...install, "--no-deps", "-r", path.join(here, "requirements-accel.txt"));
  return python;
}

async function main(): Promise<void> {
  const python = pythonWithPackages();
  const server = startProcess({
    PORT: "0",
    METRICS_PORT: "0",
    GRPC_PORT: "0",
    PRIMARY_KEY: key,
    MAX_QUEUE_WAIT_MS: "30000",
  });
  const url = await server.url;
  const [, grpcAddress = ""] = /"grpcAddress":"([^"]+)"/.exec(server.output()) ?? [];
  const named = Object.entries(photographs).map(
    ([file, index]) => `${path.join(root, "samples", file)}=${index}`,
  );
  const call = (script: string, ...args: string[]) =>
    execFileSync(python, [path.join(here, script), ...args, ...named], { stdio: "inherit" });
  call("tfs_client.py", grpcAddress, url, key);
  call("accel_client.py", grpcAddress, key, "efficientnet-lite0");
  process.stdout.write(
    "passed: tensorflow-serving-api, the REST form, azureml-accel-models' client\n",
  );
}

main()
  .catch((error: Error) => {
    process.stderr.write(`${error.message}\n`);
    process.exitCode = 1;
  })
  .finally(killProcesses);
