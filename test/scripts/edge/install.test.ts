import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import {
  appendFileSync,
  cpSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  realpathSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import path from "node:path";
import { writeChecksums } from "../../../scripts/edge/archive";
import { pair } from "../../support/certificates";
import { root } from "../../support/paths";
import { temporaryFolder } from "../../support/temporaryFolder";

const scripts = path.join(root, "scripts", "edge");
const tools = [
  "sh",
  "dirname",
  "mkdir",
  "cat",
  "grep",
  "find",
  "sed",
  "wc",
  "tr",
  "mktemp",
  "rm",
  "cp",
  "sha256sum",
  "shasum",
  "openssl",
];

/**
 * A bundle on a machine that has the usual tools, without those left out, and a Docker that notes that it was called and says that it
 * does not answer.
 */
async function machine({ facts = {}, docker = true, without = [] as readonly string[] } = {}) {
  const folder = temporaryFolder("machine");
  const commands = temporaryFolder("commands");
  for (const tool of tools.filter((name) => !without.includes(name))) {
    const found = ["/usr/bin", "/bin"]
      .map((at) => path.join(at, tool))
      .find((at) => existsSync(at));
    if (found) symlinkSync(found, path.join(commands, tool));
  }
  const called = path.join(commands, "called");
  if (docker) {
    writeFileSync(path.join(commands, "docker"), `#!/bin/sh\n: >${called}\nexit 1\n`, {
      mode: 0o755,
    });
  }
  const all = {
    NAME: "s",
    NAMESPACE: "n",
    IMAGE: "i:1",
    RUNTIME_IMAGE: "",
    AUTH: "key",
    GPUS: "",
    TLS: "generated",
    TLS_HOST: "h",
    CPUS: "1",
    MEMORY: "1m",
    STOP_SECONDS: "1",
    ...facts,
  };
  writeFileSync(
    path.join(folder, "bundle.env"),
    Object.entries(all)
      .map(([name, value]) => `${name}='${value}'\n`)
      .join(""),
  );
  writeFileSync(path.join(folder, "image.tar"), "image");
  for (const name of ["install.sh", "installer"]) {
    cpSync(path.join(scripts, name), path.join(folder, name), { recursive: true });
  }
  await writeChecksums(folder);
  const runWith = (env: NodeJS.ProcessEnv, ...args: readonly string[]) => {
    const { status, stdout, stderr } = spawnSync(
      "/bin/sh",
      [path.join(folder, "install.sh"), ...args],
      {
        cwd: folder,
        encoding: "utf8",
        env: { PATH: commands, TMPDIR: folder, ...env },
      },
    );
    return { code: status, said: stdout + stderr };
  };
  const run = (...args: readonly string[]) => runWith({}, ...args);
  return { folder, commands, run, runWith, dockerCalled: () => existsSync(called) };
}

describe("the edge bundle's installer", () => {
  before(function () {
    if (process.platform === "win32") this.skip();
  });

  it("tells how it is used, without looking at anything", async () => {
    const { run, dockerCalled } = await machine();
    for (const args of [[], ["--help"], ["docker", "--help"]]) {
      const { code, said } = run(...args);
      assert.equal(code, 0);
      assert.match(said, /^install\.sh check /);
    }
    assert.equal(dockerCalled(), false);
  });

  it("finds an untouched bundle right", async () => {
    const { run } = await machine();
    assert.deepEqual(run("check"), { code: 0, said: "-- all 6 checksums are right\n" });
  });

  it("finds it right under a translated coreutils, and wherever CDPATH leads", async () => {
    const { folder, commands, runWith } = await machine();
    const [parent, name] = [path.dirname(folder), path.basename(folder)];
    const elsewhere = temporaryFolder("elsewhere");
    mkdirSync(path.join(elsewhere, name));
    const tool = path.join(commands, "sha256sum");
    const real = realpathSync(tool);
    rmSync(tool);
    const translated = `if [ "$LC_ALL" = C ]; then exec ${real} "$@"; fi\n${real} "$@" | sed "s/OK$/Réussi/"\n`;
    writeFileSync(tool, `#!/bin/sh\n${translated}`, { mode: 0o755 });
    const right = { code: 0, said: "-- all 6 checksums are right\n" };
    assert.deepEqual(runWith({ LC_ALL: "fr_FR.UTF-8", LANG: "fr_FR.UTF-8" }, "check"), right);
    const { status, stdout } = spawnSync("/bin/sh", [`${name}/install.sh`, "check"], {
      cwd: parent,
      encoding: "utf8",
      env: { PATH: commands, CDPATH: elsewhere },
    });
    assert.deepEqual([status, stdout], [0, right.said]);
  });

  it("passes over the certificate that it left, and the pair that it is given", async () => {
    const { folder, run } = await machine();
    for (const name of ["tls.crt", "own.crt", "own.key"]) {
      writeFileSync(path.join(folder, name), "x");
    }
    const given = ["--certificate", "own.crt", "--private-key", "./own.key"];
    assert.deepEqual(run("check", ...given), { code: 0, said: "-- all 6 checksums are right\n" });
    const unlisted = "(own\\.crt own\\.key|own\\.key own\\.crt)";
    assert.match(run("check").said, new RegExp(`SHA256SUMS does not list ${unlisted}: move what`));
  });

  it("reads no part of its own that is not listed or has changed, for keys and uninstall neither", async () => {
    for (const part of ["bundle.env", "installer/docker.sh"]) {
      for (const args of [
        ["keys", "docker"],
        ["uninstall", "docker"],
      ] as const) {
        const { folder, run, dockerCalled } = await machine();
        const sums = path.join(folder, "SHA256SUMS");
        const lines = readFileSync(sums, "utf8");
        writeFileSync(sums, lines.replace(new RegExp(`^\\w+  ${part}\n`, "m"), ""));
        const refusal = `install.sh: SHA256SUMS does not list ${part}: copy the bundle again\n`;
        assert.deepEqual(run(...args), { code: 1, said: refusal });
        writeFileSync(sums, lines);
        appendFileSync(path.join(folder, part), `echo "read"\n`);
        const changed = `install.sh: the bundle is damaged, copy it again: ${part}: FAILED \n`;
        assert.deepEqual(run(...args), { code: 1, said: changed });
        assert.equal(dockerCalled(), false);
      }
    }
  });

  it("gives keys away without the image", async () => {
    const { folder, run } = await machine();
    rmSync(path.join(folder, "image.tar"));
    assert.match(run("keys", "docker").said, /^install\.sh: the Docker engine does not answer/);
  });

  for (const [title, damage, message] of [
    [
      "a changed file",
      (at: string) => writeFileSync(path.join(at, "image.tar"), "imagf"),
      /image\.tar: FAILED/,
    ],
    ["a missing file", (at: string) => rmSync(path.join(at, "image.tar")), /image\.tar: FAILED/],
    [
      "a list of checksums with a damaged line",
      (at: string) => writeFileSync(path.join(at, "SHA256SUMS"), "zz  image.tar\n"),
      /damaged/,
    ],
    [
      "an empty list of checksums",
      (at: string) => writeFileSync(path.join(at, "SHA256SUMS"), ""),
      /damaged/,
    ],
    [
      "a list of checksums that leaves a file out",
      (at: string) => {
        const sums = path.join(at, "SHA256SUMS");
        writeFileSync(sums, readFileSync(sums, "utf8").replace(/^.*bundle\.env\n/m, ""));
      },
      /^install\.sh: SHA256SUMS does not list bundle\.env: move what is yours out of the bundle's folder, or copy the bundle again\n$/,
    ],
    [
      "a file that is in no list, whatever its name",
      (at: string) => writeFileSync(path.join(at, "installer", "docker sh\n"), ""),
      /does not list installer\/docker sh /,
    ],
    [
      "no list of checksums",
      (at: string) => rmSync(path.join(at, "SHA256SUMS")),
      /SHA256SUMS is missing/,
    ],
  ] as const) {
    it(`refuses ${title} before it asks Docker anything`, async () => {
      const { folder, run, dockerCalled } = await machine();
      damage(folder);
      const { code, said } = run("docker");
      assert.equal(code, 1);
      assert.match(said, message);
      assert.equal(dockerCalled(), false);
    });
  }

  for (const [title, settings, args, message] of [
    ["a command that it does not know", {}, ["instal"], "there is no command 'instal': see --help"],
    [
      "an option that it does not know",
      {},
      ["docker", "--prot", "8443"],
      "there is no option --prot: see --help",
    ],
    [
      "an option without its value",
      {},
      ["docker", "--port"],
      "--port takes a value, or is no option: see --help",
    ],
    [
      "a port that is none",
      {},
      ["docker", "--port", "https"],
      "--port is 'https': it must be a whole number from 1 to 65535",
    ],
    [
      "a port above the last",
      {},
      ["docker", "--port", "70000"],
      "--port is '70000': it must be a whole number from 1 to 65535",
    ],
    [
      "a time that is none",
      {},
      ["cluster", "--timeout", "0"],
      "--timeout is '0': it must be a whole number from 1 to 86400",
    ],
    [
      "a certificate that is not there",
      {},
      ["docker", "--certificate", "/nowhere.crt", "--private-key", "/nowhere.key"],
      "--certificate is '/nowhere.crt', which is no file; it goes with --private-key",
    ],
    [
      "a private key without its certificate",
      {},
      ["docker", "--private-key", "/etc/hostname"],
      "--certificate is '', which is no file; it goes with --private-key",
    ],
    ["keys of nothing", {}, ["keys"], "keys what? keys docker, or keys cluster"],
    [
      "to install without Docker",
      { docker: false },
      ["docker"],
      "docker is not on PATH: install Docker's engine, or deploy to a cluster with: install.sh cluster",
    ],
    [
      "an engine that does not answer",
      {},
      ["docker"],
      "the Docker engine does not answer: start it (systemctl start docker), and run this as root or in the group docker",
    ],
    [
      "to deploy without kubectl",
      {},
      ["cluster"],
      "neither kubectl nor k3s is on PATH: run this where the cluster is administered, or install.sh docker",
    ],
    [
      "to check without a tool for it",
      { without: ["sha256sum", "shasum"] },
      ["check"],
      "neither sha256sum nor shasum is here to check the bundle with: install coreutils",
    ],
  ] as const) {
    it(`refuses ${title}`, async () => {
      const { code, said } = (await machine(settings)).run(...args);
      assert.equal(code, 1);
      assert.equal(said.split("\n").at(-2), `install.sh: ${message}`);
    });
  }

  it("refuses a certificate and the key of another, and what is neither, before it asks Docker anything", async () => {
    const { run, dockerCalled } = await machine();
    const folder = temporaryFolder("pairs");
    writeFileSync(path.join(folder, "no.crt"), "no certificate");
    for (const name of ["first", "second"] as const) {
      writeFileSync(path.join(folder, `${name}.crt`), pair(name)["tls.crt"]);
      writeFileSync(path.join(folder, `${name}.key`), pair(name)["tls.key"]);
    }
    const given = (certificate: string, key: string) => {
      const [certificateFile, keyFile] = [certificate, key].map((name) => path.join(folder, name));
      const { code, said } = run(
        "docker",
        ...["--certificate", certificateFile as string, "--private-key", keyFile as string],
      );
      assert.equal(code, 1);
      return said.split("\n").at(-2)?.replaceAll(`${folder}/`, "");
    };
    assert.equal(
      given("first.crt", "second.key"),
      "install.sh: --private-key is not the key of --certificate: give the two that belong together",
    );
    assert.equal(
      given("no.crt", "first.key"),
      "install.sh: --certificate is 'no.crt', which is no certificate in PEM",
    );
    assert.equal(
      given("first.crt", "first.crt"),
      "install.sh: --private-key is 'first.crt', which is no private key in PEM without a passphrase",
    );
    assert.equal(dockerCalled(), false);
    assert.match(given("first.crt", "first.key") ?? "", /the Docker engine does not answer/);
  });

  it("leaves no temporary file where it refuses", async () => {
    const { folder, run } = await machine();
    run("docker");
    assert.deepEqual(readdirSync(folder).sort(), [
      "SHA256SUMS",
      "bundle.env",
      "image.tar",
      "install.sh",
      "installer",
    ]);
  });
});
