/**
 * `npm run verify:peers`: real clients of the protocols, installed from PyPI into virtual environments of their own, call the server with
 * real photographs; schemathesis calls it with what its OpenAPI document allows and forbids. Needs Python 3.11 with venv. PEERS_HOME
 * names the folder of the environments (default: `.local/peers`).
 */
import { spawn, type SpawnOptions } from "node:child_process";
import { once } from "node:events";
import { existsSync, mkdirSync } from "node:fs";
import path from "node:path";
import { root } from "../support/paths";
import { killProcesses, startProcess } from "../support/serverProcess";

const key = "key-of-the-peers";
const here = path.join(root, "test", "peers");
const home = process.env["PEERS_HOME"] ?? path.join(root, ".local", "peers");

/** Photographs of `samples/` and their ImageNet class indexes. */
const photographs = { "espresso.jpg": 967, "cat.jpg": 282 };

const files = Object.keys(photographs).map((file) => path.join(root, "samples", file));
const named = Object.values(photographs).map((index, i) => `${files[i]}=${index}`);

/**
 * Not synchronously: what the server logs meanwhile must be read, or its full pipe stops it.
 * @throws Error unless the command ends with 0
 */
async function run(command: string, args: string[], options: SpawnOptions = {}): Promise<void> {
  const child = spawn(command, args, { stdio: "inherit", ...options });
  const [code] = (await once(child, "exit")) as [number | null];
  if (code !== 0) throw new Error(`${command} ${args.join(" ")}: exit code ${code}`);
}

/** Makes the environment if it is not there. @returns the folder of its commands */
async function environment(name: string): Promise<string> {
  const bin = path.join(home, name, "bin");
  if (!existsSync(path.join(bin, "python"))) {
    mkdirSync(home, { recursive: true });
    await run("python3", ["-m", "venv", path.join(home, name)]);
  }
  await install(bin, "-r", path.join(here, `requirements-${name}.txt`));
  return bin;
}

const install = (bin: string, ...args: string[]) =>
  run(path.join(bin, "python"), ["-m", "pip", "install", "--quiet", ...args]);

interface Server {
  readonly grpcAddress: string;
  readonly url: string;
  readonly metricsUrl: string;
}

async function tensorflowServing({ grpcAddress, url }: Server): Promise<void> {
  const bin = await environment("tfs");
  // Without its dependencies: the client module needs grpcio and TensorFlow alone.
  await install(bin, "--no-deps", "-r", path.join(here, "requirements-accel.txt"));
  const python = path.join(bin, "python");
  await run(python, [path.join(here, "tfs_client.py"), grpcAddress, url, key, ...named]);
  const service = "efficientnet-lite0";
  await run(python, [path.join(here, "accel_client.py"), grpcAddress, key, service, ...named]);
}

async function openInference({ grpcAddress, url }: Server): Promise<void> {
  const python = path.join(await environment("oip"), "python");
  for (const script of ["triton_client.py", "kserve_client.py"]) {
    await run(python, [path.join(here, script), grpcAddress, url, key, ...named]);
  }
}

async function reflection({ grpcAddress }: Server): Promise<void> {
  const python = path.join(await environment("reflection"), "python");
  await run(python, [path.join(here, "reflection_client.py"), grpcAddress, key, ...named]);
}

/** Status codes, media types and bodies must be as the document says, none of them an unexpected 5xx. */
async function openApi({ url, metricsUrl }: Server): Promise<void> {
  const options = {
    // No schema tells a picture from other bytes: valid by the schema is not valid to the decoder.
    "--exclude-checks": "positive_data_acceptance",
    "--header": `Authorization: Bearer ${key}`,
    "--max-examples": "100",
    "--phases": "coverage,fuzzing",
    "--generation-database": "none",
    "--seed": "2019",
  };
  const env = {
    ...process.env,
    PYTHONPATH: here,
    PYTHONDONTWRITEBYTECODE: "1",
    SCHEMATHESIS_HOOKS: "schemathesis_hooks",
    PHOTOGRAPHS: files.join(path.delimiter),
  };
  const command = path.join(await environment("openapi"), "schemathesis");
  const args = [...Object.entries(options).flat(), `${url}/swagger.json?version=3`];
  // It leaves folders where it runs.
  await run(command, ["run", "--no-color", ...args], { env, cwd: home });
  const metrics = await (await fetch(`${metricsUrl}/metrics`)).text();
  if (!/protocol="azureml",code="OK"/.test(metrics)) {
    throw new Error("schemathesis sent no photograph: answers with scores were not checked");
  }
}

const peers: Readonly<Record<string, (server: Server) => Promise<void>>> = {
  "tensorflow-serving-api, the REST form, azureml-accel-models' client": tensorflowServing,
  "tritonclient, kserve": openInference,
  "grpcio-reflection, dynamic requests": reflection,
  "schemathesis on the OpenAPI document": openApi,
};

async function main(): Promise<void> {
  const server = startProcess({
    PORT: "0",
    METRICS_PORT: "0",
    GRPC_PORT: "0",
    PRIMARY_KEY: key,
    MAX_QUEUE_WAIT_MS: "30000",
  });
  const url = await server.url;
  const logged = (field: string) => new RegExp(`"${field}":"([^"]+)"`).exec(server.output())?.[1];
  const grpcAddress = logged("grpcAddress") ?? "";
  const metricsUrl = logged("metricsUrl") ?? "";
  for (const [name, call] of Object.entries(peers)) {
    await call({ grpcAddress, url, metricsUrl });
    process.stdout.write(`passed: ${name}\n`);
  }
}

main()
  .catch((error: Error) => {
    process.stderr.write(`${error.message}\n`);
    process.exitCode = 1;
  })
  .finally(killProcesses);
