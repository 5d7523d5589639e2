/** `npm run verify:edge`: the edge bundle, built here, installed by its own script where there is no network, scored, taken away again. */
import assert from "node:assert/strict";
import {
  cpSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import os from "node:os";
import path from "node:path";
import { copyModel } from "../../components/pod/inferenceRuntime";
import { bases, makeBases } from "../image/bases";
import { Engine, run } from "../image/engine";
import { root } from "../support/paths";
import { check, commands, held, image, install, passed } from "./installation";
import { verifyFailedReplacement, verifyOtherImage, verifyTakenPort } from "./replacement";

/** What the init container of a runtime beside the server does, as the manifests run it, into what Triton's repository would be. */
function verifyModelCopy(engine: Engine): void {
  const env = [
    "TARGET=/models/m/1",
    "CONFIG_FILE=/models/m/config.pbtxt",
    "MODEL_CONFIG=name: 'm'",
  ];
  const show = `const { createHash } = require("node:crypto"); const { readFileSync } = require("node:fs");
    console.log(createHash("sha256").update(readFileSync("/models/m/1/model.onnx")).digest("hex"), readFileSync("/models/m/config.pbtxt", "utf8"));`;
  const printed = engine.docker(
    [
      "run",
      "--rm",
      "--network",
      "none",
      "--read-only",
      "--user",
      "10001:10001",
      "--cap-drop",
      "ALL",
    ]
      .concat(["--tmpfs", "/models:uid=10001,gid=10001"])
      .concat(env.flatMap((variable) => ["--env", variable]))
      .concat(["--entrypoint", "node", image, "-e", `${copyModel}\n${show}`]),
  );
  const { files } = JSON.parse(
    readFileSync(path.join(root, "scoring-image/models/efficientnet-lite0/model.json"), "utf8"),
  ) as { files: Record<string, string> };
  check(
    printed === `${files["model.onnx"]} name: 'm'`,
    "the image copies its model where a runtime looks for it",
  );
}

/** Builds the image under the name that the stack gives it, and the bundle from it, twice. @returns the bundle's file */
async function writeBundle(folder: string): Promise<string> {
  const engine = await Engine.start();
  try {
    makeBases(engine);
    const given = Object.entries(bases).flatMap(([name, value]) => [
      "--build-arg",
      `${name}=${value}`,
    ]);
    engine.docker(
      [
        "build",
        "--network",
        "host",
        "--target",
        "cpu",
        ...given,
        "-t",
        image,
        path.join(root, "scoring-image"),
      ],
      { DOCKER_BUILDKIT: "0" },
    );
    verifyModelCopy(engine);
    const write = (name: string) => {
      const file = path.join(folder, name);
      const said = engine.inside(["npm", "run", "--silent", "edge-bundle", "--", "--out", file], {
        cwd: root,
      });
      return { file, said, sum: said.split(" ")[0] };
    };
    const [one, two] = [write("one.tar.gz"), write("two.tar.gz")];
    check(one.sum === two.sum, `two bundles of one image are the same to the byte (${one.sum})`);
    const megabytes = (readFileSync(one.file).length / 1e6).toFixed(1);
    console.log(`--  ${megabytes} MB gzipped\n--  ${one.said.split("\n")[1]}`);
    rmSync(two.file);
    return one.file;
  } finally {
    await engine.stop();
  }
}

function verifyDamaged(engine: Engine, bundle: string): void {
  const damaged = `${bundle}-damaged`;
  cpSync(bundle, damaged, { recursive: true });
  const file = path.join(damaged, "image.tar");
  const bytes = readFileSync(file);
  bytes[bytes.length >> 1] = (bytes[bytes.length >> 1] ?? 0) ^ 1;
  writeFileSync(file, bytes);
  const { code, said } = install(engine, damaged, ["docker", "--host-network"]);
  check(
    code === 1 && said.includes("the bundle is damaged, copy it again: image.tar: FAILED"),
    "a bundle with one bit changed is refused",
  );
  check(held(engine) === "", "and nothing of it was loaded");
  rmSync(damaged, { recursive: true });
}

function keysOf(engine: Engine, bundle: string): string[] {
  const { said } = install(engine, bundle, ["keys", "docker"]);
  const keys = [...said.matchAll(/^(?:primary|secondary)Key: ([0-9a-f]{48})$/gm)].map(
    ([, key]) => key ?? "",
  );
  assert.equal(new Set(keys).size, 2, said);
  return keys;
}

/** Scores the samples with the project's own client, inside the network namespace, over TLS. */
function verifyScores(engine: Engine, bundle: string, keys: readonly string[]): void {
  const score = (key: string, picture: string) =>
    engine.inside(
      ["node_modules/.bin/tsx", "scoring-image/client/score.ts", "--json", "--top", "1"].concat([
        ...["--url", "https://127.0.0.1:5001", "--key", key, picture],
      ]),
      { cwd: root, env: { NODE_EXTRA_CA_CERTS: path.join(bundle, "tls.crt") } },
    );
  const { scores } = JSON.parse(
    readFileSync(path.join(root, "test/fixtures/golden/scores.json"), "utf8"),
  ) as { scores: { image: string; top5: [number, number][] }[] };
  for (const [i, { image: picture, top5 }] of scores.entries()) {
    const said = score(keys[i % keys.length] ?? "", picture);
    const index = Number(/"index":\s*(\d+)/.exec(said)?.[1]);
    check(index === top5[0]?.[0], `${picture} is class ${index}, as ONNX Runtime in Python says`);
  }
  assert.throws(
    () => score("0".repeat(48), scores[0]?.image ?? ""),
    ({ status }: { status: number }) => status === 4,
  );
  check(true, "another key is refused");
}

function verifyContainer(engine: Engine, bundle: string, keys: readonly string[]): void {
  const text = engine.docker(["inspect", "scoring-service"]);
  const [{ HostConfig: host, Config: config }] = JSON.parse(text) as [
    { HostConfig: Record<string, unknown>; Config: Record<string, unknown> },
  ];
  assert.deepEqual(
    [host["ReadonlyRootfs"], host["CapDrop"], host["SecurityOpt"], config["User"]],
    [true, ["ALL"], ["no-new-privileges"], "10001:10001"],
  );
  check(true, "the container is read-only, without capabilities and not root");
  const written = readdirSync(bundle, { recursive: true, encoding: "utf8" })
    .filter((name) => !name.startsWith("model") && /\.(env|yaml|sh|crt)$/.test(name))
    .map((name) => readFileSync(path.join(bundle, name), "utf8"));
  check(
    keys.every((key) => !text.includes(key) && !written.join("").includes(key)),
    "its keys are neither in what Docker shows of it nor in the bundle",
  );
}

/**
 * `install.sh cluster` as far as it goes without a kubelet: the image is imported into containerd, as k3s and kubeadm have it, and starts
 * from there under the name that the manifests use. kubectl is a stand-in here; `npm run verify:kubernetes` has the real one.
 */
function verifyContainerd(engine: Engine, bundle: string, folder: string): void {
  const own = path.join(folder, "commands");
  mkdirSync(own);
  writeFileSync(path.join(own, "kubectl"), "#!/bin/sh\n", { mode: 0o755 });
  const env = { PATH: `${own}:${commands}`, CONTAINERD_ADDRESS: engine.containerd };
  const ctr = (...args: readonly string[]) =>
    engine.inside(["ctr", "--namespace", "k8s.io", ...args], { env });
  const { code, said } = install(engine, bundle, ["cluster", "--import", "containerd"], env);
  check(code === 0, `install.sh cluster imports into containerd ${code === 0 ? "" : said}`);
  const manifest = readFileSync(path.join(bundle, "manifests", "service.yaml"), "utf8");
  const named = /^ +image: (.+)$/m.exec(manifest)?.[1] ?? "";
  check(ctr("images", "ls", "--quiet").split("\n").includes(named), `which then has ${named}`);
  const printed = ctr(
    "run",
    "--rm",
    named,
    "edge-try",
    "/usr/local/bin/node",
    "-p",
    "process.getuid()",
  );
  check(printed === "10001", "and starts it, as user 10001");
  install(engine, bundle, ["uninstall", "cluster", "--import", "containerd"], env);
  check(!ctr("images", "ls", "--quiet").includes(named), "uninstall takes it away");
}

async function verifyInstallation(archive: string, folder: string): Promise<void> {
  const machine = path.join(folder, "machine");
  const temporary = path.join(folder, "tmp");
  for (const name of [machine, temporary]) mkdirSync(name);
  run("tar", ["-xf", archive, "-C", machine]);
  const bundle = path.join(machine, "scoring-service");
  const engine = await Engine.launch(true);
  try {
    const links = engine.inside(["ip", "-o", "link"]).split("\n");
    check(
      links.length === 1 && / lo: /.test(links[0] ?? ""),
      "the machine has loopback and no other network",
    );
    check(held(engine) === "", "its Docker holds nothing");
    verifyDamaged(engine, bundle);
    verifyTakenPort(engine, bundle);

    const installed = install(engine, bundle, ["docker", "--host-network"]);
    console.log(installed.said.replaceAll(/^/gm, "    "));
    check(installed.code === 0, "install.sh docker ends with 0");
    const keys = keysOf(engine, bundle);
    verifyScores(engine, bundle, keys);
    verifyContainer(engine, bundle, keys);

    const before = engine.docker(["ps", "--quiet"]);
    check(
      install(engine, bundle, ["docker", "--host-network"]).code === 0,
      "a second install replaces it in place",
    );
    const after = engine.docker(["ps", "--quiet"]);
    check(after !== before && !after.includes("\n"), "one container runs, another than before");
    assert.deepEqual(keysOf(engine, bundle), keys);
    check(true, "with the same keys");
    await verifyFailedReplacement(engine, bundle);
    verifyScores(engine, bundle, keys);
    await verifyOtherImage(engine, bundle);
    assert.deepEqual(keysOf(engine, bundle), keys);

    check(
      install(engine, bundle, ["uninstall", "docker"]).code === 0,
      "install.sh uninstall ends with 0",
    );
    check(held(engine) === "", "and leaves no container, image or volume");
    const { code, said } = install(engine, bundle, ["keys", "docker"]);
    check(
      code === 1 && said.includes("scoring-service does not run here, or has no keys"),
      "whoever asks for keys then is told what is missing",
    );
    verifyContainerd(engine, bundle, folder);
    check(readdirSync(temporary).length === 0, "no temporary file is left");
  } finally {
    await engine.stop();
  }
}

async function main(): Promise<void> {
  const folder = mkdtempSync(path.join(os.tmpdir(), "edge-"));
  try {
    await verifyInstallation(await writeBundle(folder), folder);
    console.log(`${passed()} passed, 0 failed`);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

main().catch((error: unknown) => {
  console.error(error instanceof Error ? error.message : error);
  console.log(`${passed()} passed, 1 failed`);
  process.exitCode = 1;
});
