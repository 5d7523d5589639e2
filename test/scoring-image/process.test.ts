import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import {
  closeSync,
  existsSync,
  mkdirSync,
  openSync,
  readFileSync,
  realpathSync,
  statSync,
  writeFileSync,
} from "node:fs";
import net, { type AddressInfo } from "node:net";
import path from "node:path";
import { freePort } from "../../scoring-image/soak/server";
import { plainJpeg, sample } from "../support/pictures";
import { killProcesses, startProcess, type ServerProcess } from "../support/serverProcess";
import { temporaryFolder } from "../support/temporaryFolder";
import { colourClassifier, tinyManifest, tinyPackage } from "../support/tinyModel";

const key = "key-of-the-process-tests";
const free = { PORT: "0", METRICS_PORT: "0", PRIMARY_KEY: key };

/** Runs to its end; the server must not start. */
async function failure(
  env: Record<string, string>,
): Promise<{ code: number | null; output: string }> {
  const server = startProcess(env);
  const [code] = await server.ended;
  return { code, output: server.output() };
}

async function stop({ child, ended }: ServerProcess): Promise<number | null> {
  child.kill("SIGTERM");
  const [code] = await ended;
  return code;
}

describe("the server's process", () => {
  afterEach(killProcesses);

  it("leaves no trace of ONNX Runtime's telemetry", async () => {
    const home = temporaryFolder("scoring");
    const server = startProcess({ ...free, LANES: "1" }, { cwd: home });
    await server.url;
    assert.equal(existsSync(`/tmp/mat-debug-${server.child.pid}.log`), false);
    assert.equal(existsSync(path.join(home, ".cache")), false);
    assert.equal(await stop(server), 0);
  });

  it("serves and stops in order when no line of its log can be written", async () => {
    const port = await freePort();
    const full = openSync("/dev/full", "w");
    const env = { ...free, PORT: String(port), MODEL_DIR: colourClassifier("logits") };
    const server = startProcess({ ...env, LOG_LEVEL: "debug" }, { stdout: full });
    closeSync(full);
    const url = `http://127.0.0.1:${port}`;
    const isReady = () =>
      fetch(`${url}/v2/health/ready`).then(
        ({ ok }) => ok,
        () => false,
      );
    while (!(await isReady())) assert.equal(server.child.exitCode, null, server.output());
    const headers = { authorization: `Bearer ${key}` };
    for (const [body, status] of [
      [plainJpeg([9, 9, 200]), 200],
      [Buffer.from("no picture"), 400],
      [plainJpeg([9, 9, 200]), 200],
    ] as const) {
      const answer = await fetch(`${url}/score`, { method: "POST", headers, body });
      assert.equal(answer.status, status, await answer.text());
    }
    assert.equal(await stop(server), 0);
    assert.equal(server.output(), "");
  });

  it("stops with one line when its port is in use", async () => {
    const blocker = net.createServer().listen(0, "127.0.0.1");
    await new Promise((resolve) => blocker.once("listening", resolve));
    const { port } = blocker.address() as AddressInfo;
    for (const env of [{ PORT: String(port) }, { METRICS_PORT: String(port) }]) {
      const { code, output } = await failure({ ...free, LOG_LEVEL: "silent", ...env });
      assert.equal(code, 1);
      assert.equal(
        output,
        `Port ${port} is in use: stop what listens there, or set PORT or METRICS_PORT to another port\n`,
      );
    }
    blocker.close();
  });

  const mistakes: [what: string, env: Record<string, string>, output: string | RegExp][] = [
    [
      "a model folder that is not there",
      { ...free, MODEL_DIR: "/nowhere" },
      "/nowhere/model.json does not exist; MODEL_DIR must name a folder with model.onnx and model.json\n",
    ],
    [
      "two wrong settings",
      { ...free, PORT: "x", AUTH: "maybe" },
      'PORT is "x": must be a whole number from 0 to 65535\nAUTH is "maybe": must be key, token or none\n',
    ],
    [
      "no key",
      { PORT: "0", METRICS_PORT: "0" },
      "PRIMARY_KEY is not set: set it, or AUTH=none for an open service\n",
    ],
    [
      "a file that is no model",
      { ...free, MODEL_DIR: brokenModel() },
      /^\S+model\.onnx cannot be opened: .*Protobuf parsing failed\.?\n$/,
    ],
    [
      "CUDA without its libraries, though the model could run on the CPU",
      { ...free, EXECUTION_PROVIDER: "cuda" },
      /^EXECUTION_PROVIDER is "cuda", but \S+model\.onnx cannot run there: libcudart\.so\.13 cannot be loaded: .*Failed to load shared library.*\. It needs the cuda image, a GPU and its driver; it never falls back to the CPU\n$/,
    ],
    [
      "an address of another machine",
      { ...free, HOST: "203.0.113.1" },
      'HOST is "203.0.113.1": not an address of this machine\n',
    ],
  ];
  for (const [what, env, expected] of mistakes) {
    it(`stops with a clear line and exit code 1: ${what}`, async () => {
      const { code, output } = await failure({ ...env, LOG_LEVEL: "silent" });
      assert.equal(code, 1);
      if (typeof expected === "string") assert.equal(output, expected);
      else assert.match(output, expected);
    });
  }

  it("started with --local makes a key, notes it for its owner only and never logs it", async () => {
    const cwd = temporaryFolder("scoring");
    const server = startProcess(
      { PORT: "0", METRICS_PORT: "0", MODEL_DIR: colourClassifier("logits") },
      { cwd, args: ["--local"] },
    );
    const url = await server.url;
    const file = path.join(cwd, ".local", "service.json");
    while (!server.output().includes("is served at"))
      await new Promise((resolve) => setTimeout(resolve, 5));
    const noted = JSON.parse(readFileSync(file, "utf8")) as Record<string, string>;
    assert.deepEqual(
      [noted["url"], noted["pid"], noted["model"]],
      [url, server.child.pid, "mean-colour version 3"],
    );
    assert.equal(statSync(file).mode & 0o777, 0o600);
    const body = plainJpeg([1, 250, 1]);
    const made = noted["primaryKey"] as string;
    const answer = await fetch(`${url}/score`, {
      method: "POST",
      body,
      headers: { authorization: `Bearer ${made}` },
    });
    assert.equal(answer.status, 200);
    assert.ok(!server.output().includes(made));
    assert.equal(await stop(server), 0);
    assert.equal(existsSync(file), false);
  });

  it("started with --local says what is in the way of its note, before it is ready", async () => {
    for (const [block, message] of [
      [
        (cwd: string) => writeFileSync(path.join(cwd, ".local"), ""),
        "CWD/.local is a file, and npm start notes URL and key in a folder of that name: move the file away\n",
      ],
      [
        (cwd: string) => mkdirSync(path.join(cwd, ".local", "service.json"), { recursive: true }),
        "CWD/.local/service.json is a folder, and npm start notes URL and key in a file of that name: move the folder away\n",
      ],
    ] as const) {
      const cwd = realpathSync(temporaryFolder("scoring"));
      block(cwd);
      const server = startProcess(free, { cwd, args: ["--local"] });
      const [code] = await server.ended;
      assert.deepEqual([code, server.output().replaceAll(cwd, "CWD")], [1, message]);
    }
  });

  it("stops in order while the accelerator is being programmed", async () => {
    const server = startProcess({ ...free, RUNTIME_ADDRESS: "127.0.0.1:1" });
    const told =
      '"reason":"the runtime at 127.0.0.1:1 cannot be reached","msg":"the accelerator is being programmed"';
    while (!server.output().includes(told)) {
      assert.equal(server.child.exitCode, null, server.output());
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
    assert.equal(await stop(server), 0);
    assert.match(server.output(), /"msg":"listening"/);
    assert.match(server.output(), /"msg":"stopped"/);
  });

  it("says so when it is open", async () => {
    const server = startProcess(
      { PORT: "0", METRICS_PORT: "0", AUTH: "none", MODEL_DIR: colourClassifier("logits") },
      { args: ["--local"] },
    );
    await server.url;
    await stop(server);
    assert.match(server.output(), /"msg":"the service is open: AUTH=none"/);
    assert.match(server.output(), /anyone who can reach it may score/);
  });

  it("logs requests without keys", async () => {
    const server = startProcess({ ...free, MODEL_DIR: colourClassifier("logits") });
    const url = await server.url;
    const headers = { authorization: `Bearer ${key}`, "x-request-id": "id-of-the-test" };
    await fetch(`${url}/score?top=1`, { method: "POST", body: sample("cat.jpg"), headers });
    await stop(server);
    assert.match(
      server.output(),
      /"reqId":"id-of-the-test","method":"POST","path":"\/score","status":200,"ms":[\d.]+,"msg":"request"/,
    );
    assert.ok(!server.output().includes(key));
  });
});

/** A package whose model.onnx is a JPEG, with the right sha256. */
function brokenModel(): string {
  const folder = tinyPackage("mean-colour");
  const jpeg = plainJpeg([1, 2, 3]);
  const manifest = {
    ...tinyManifest("mean-colour"),
    sha256: createHash("sha256").update(jpeg).digest("hex"),
  };
  writeFileSync(path.join(folder, "model.onnx"), jpeg);
  writeFileSync(path.join(folder, "model.json"), JSON.stringify(manifest));
  return folder;
}
