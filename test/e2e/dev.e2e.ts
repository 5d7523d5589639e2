import assert from "node:assert/strict";
import { execFileSync, spawnSync } from "node:child_process";
import { existsSync, mkdirSync, readFileSync, readdirSync, statSync } from "node:fs";
import net from "node:net";
import path from "node:path";
import { EngineProject, homeWithoutLogin } from "../support/engineProject";

const photograph = path.join(__dirname, "..", "..", "samples", "espresso.jpg");

interface Outputs {
  readonly scoringUri: string;
  readonly swaggerUri: string;
  readonly serviceState: string;
  readonly primaryKey: string;
  readonly secondaryKey: string;
  readonly modelId: string;
  readonly logFile: string;
}

interface Exported {
  readonly deployment: {
    readonly resources?: readonly {
      readonly type: string;
      readonly outputs?: Readonly<Record<string, unknown>>;
    }[];
    readonly pending_operations?: readonly unknown[];
  };
}

/** Whether something listens on the port of this address. */
const listens = (url: string): Promise<boolean> =>
  new Promise((resolve) => {
    const socket = net.connect(Number(new URL(url).port), "127.0.0.1");
    socket.once("connect", () => resolve((socket.destroy(), true)));
    socket.once("error", () => resolve(false));
  });

describe("the dev stack by the real engine", function () {
  let project: EngineProject;
  let first: Outputs;
  const stack = ["--stack", "dev"] as const;
  const outputs = async () => {
    const shown = await project.succeed("outputs", ...stack, "--json", "--show-secrets");
    return JSON.parse(shown.stdout) as Outputs;
  };
  const exported = async () => JSON.parse(await project.exportStack("dev")) as Exported;
  const pid = async (): Promise<number> => {
    const { deployment } = await exported();
    const found = deployment.resources?.find(({ type }) => type.endsWith(":LocalProcess"));
    return Number(found?.outputs?.["pid"]);
  };
  const score = ({ scoringUri, primaryKey }: Outputs) =>
    fetch(`${scoringUri}?top=1`, {
      method: "POST",
      headers: { authorization: `Bearer ${primaryKey}` },
      body: readFileSync(photograph),
    });

  before(() => {
    project = new EngineProject({ PULUMI_HOME: homeWithoutLogin() });
  });

  after(async () => {
    const { scoringUri } = first;
    await project.run("destroy", ...stack, "--yes");
    assert.equal(await listens(scoringUri), false);
    project.remove();
  });

  it("is created by one command, which says what it uses", async () => {
    const { stderr, stdout } = await project.succeed("up", ...stack, "--yes");
    assert.match(stderr, /^Using pulumi \d+\.\d+\.\d+ .+, state in \.pulumi-state$/m);
    assert.match(stdout, /\+ 4 created/);
    first = await outputs();
    assert.equal(first.serviceState, "Healthy");
    assert.match(first.modelId, /^efficientnet-lite0:1-[0-9a-f]{12}$/);
    assert.match(first.primaryKey, /^[0-9a-f]{32}$/);
    assert.notEqual(first.primaryKey, first.secondaryKey);
  });

  it("scores a photograph over the network, with its key only", async () => {
    const answer = await score(first);
    assert.equal(answer.status, 200);
    const [[top] = []] = (await answer.json()) as { readonly label: string }[][];
    assert.equal(top?.label, "espresso");
    assert.equal((await score({ ...first, primaryKey: "another-key" })).status, 401);
    assert.equal((await fetch(first.swaggerUri)).status, 200);
  });

  it("is found by npm run score", async () => {
    const client = path.join(project.root, "scoring-image", "client", "score.ts");
    const { code, stdout } = await project.command(process.execPath, [
      "--import=tsx",
      client,
      photograph,
      "--json",
    ]).ended;
    assert.equal(code, 0);
    assert.match(stdout, /"label":"espresso"/);
  });

  it("leaves keys and passphrase readable by their owner alone, and the tree clean", () => {
    const state = path.join(project.root, ".pulumi-state");
    assert.equal(statSync(path.join(state, "passphrase")).mode & 0o777, 0o600);
    assert.equal(statSync(state).mode & 0o777, 0o700);
    assert.equal(project.dirtyFiles(), "");
  });

  it("has no key in clear in its exported state", async () => {
    const text = await project.exportStack("dev");
    const passphrase = readFileSync(path.join(project.root, ".pulumi-state", "passphrase"), "utf8");
    for (const secret of [first.primaryKey, first.secondaryKey, passphrase]) {
      assert(!text.includes(secret));
    }
    assert.match(text, /"ciphertext"/);
  });

  it("has nothing to change at a second preview", async () => {
    await project.succeed("preview", ...stack, "--expect-no-changes");
  });

  it("restarts on a changed setting with its keys and its port", async () => {
    const before = await pid();
    await project.succeed("config", "set", "maxQueueWaitMs", "750", ...stack);
    assert.equal(project.dirtyFiles(), " M Pulumi.dev.yaml\n");
    const { stdout } = await project.succeed("up", ...stack, "--yes");
    assert.match(stdout, /~ 1 updated/);
    assert.notEqual(await pid(), before);
    assert.deepEqual(await outputs(), first);
    assert.equal((await score(first)).status, 200);
    execFileSync("git", ["checkout", "--quiet", "Pulumi.dev.yaml"], { cwd: project.root });
  });

  it("is repaired by refresh and up when its process has been killed", async () => {
    process.kill(await pid(), "SIGKILL");
    const refreshed = await project.succeed("refresh", ...stack, "--yes");
    assert.match(refreshed.stdout, /LocalProcess service-process.* deleted/);
    const { stdout } = await project.succeed("up", ...stack, "--yes");
    assert.match(stdout, /\+ 1 created/);
    const now = await outputs();
    assert.equal(now.primaryKey, first.primaryKey);
    assert.equal((await score(now)).status, 200);
    first = now;
  });

  it("recovers by README's lines when the CLI is killed while it creates the service", async () => {
    await project.succeed("destroy", ...stack, "--yes");
    const run = project.start("up", ...stack, "--yes", "--skip-preview");
    const record = path.join(project.root, ".local", "stacks", "dev.json");
    while (!existsSync(record)) await new Promise((resolve) => setTimeout(resolve, 20));
    killTree(run.child.pid ?? 0);
    await run.ended;
    const locked = await project.run("up", ...stack, "--yes");
    assert.notEqual(locked.code, 0);
    assert.match(locked.output, /locked by 1 lock/);

    const readme = readFileSync(path.join(project.root, "README.md"), "utf8");
    const lines = [...readme.matchAll(/^npm run pulumi -- (cancel|refresh) .*--stack dev.*$/gm)];
    assert.deepEqual(
      lines.map(([, command]) => command),
      ["cancel", "refresh"],
    );
    for (const [line] of lines) {
      const args = line.replace(/#.*/, "").trim().split(/\s+/).slice(4);
      await project.succeed(...args);
    }
    await project.succeed("up", ...stack, "--yes");
    first = await outputs();
    assert.equal((await score(first)).status, 200);
    assert.equal((await exported()).deployment.pending_operations, undefined);
  });

  it("finishes what it is at when interrupted, and a second up completes", async () => {
    await project.succeed("destroy", ...stack, "--yes");
    const run = project.start("up", ...stack, "--yes", "--skip-preview");
    const record = path.join(project.root, ".local", "stacks", "dev.json");
    while (!existsSync(record)) await new Promise((resolve) => setTimeout(resolve, 20));
    run.child.kill("SIGINT");
    assert.notEqual((await run.ended).code, 0);
    await project.succeed("up", ...stack, "--yes");
    first = await outputs();
    assert.equal((await score(first)).status, 200);
  });

  it("leaves no process, port, file, resource or change behind when destroyed", async () => {
    const last = await pid();
    await project.succeed("destroy", ...stack, "--yes");
    assert.equal(await listens(first.scoringUri), false);
    await isGone(last);
    mkdirSync(path.join(project.root, ".local", "stacks"), { recursive: true });
    assert.deepEqual(readdirSync(path.join(project.root, ".local")), ["stacks"]);
    assert.deepEqual(readdirSync(path.join(project.root, ".local", "stacks")), []);
    assert.deepEqual((await exported()).deployment.resources ?? [], []);
    assert.equal(project.dirtyFiles(), "");
  });
});

/** Waits until no such process is listed: one that has ended is, until its adopter has asked for its exit code. */
async function isGone(pid: number): Promise<void> {
  for (const deadline = Date.now() + 5000; ;) {
    try {
      process.kill(pid, 0);
    } catch {
      return;
    }
    assert(Date.now() < deadline, `process ${pid} is still there`);
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}

/** Kills a process and all that it has started, but for those that have left for a session of their own. */
function killTree(pid: number): void {
  // Nothing is printed for a process that has ended meanwhile.
  const { stdout } = spawnSync("sh", ["-c", `cat /proc/${pid}/task/*/children 2> /dev/null`], {
    encoding: "utf8",
  });
  try {
    process.kill(pid, "SIGKILL");
  } catch {
    return;
  }
  for (const child of stdout.split(" ").filter(Boolean)) killTree(Number(child));
}
