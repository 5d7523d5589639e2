import assert from "node:assert/strict";
import { execFile, execFileSync } from "node:child_process";
import { mkdirSync, readFileSync, symlinkSync, writeFileSync } from "node:fs";
import path from "node:path";
import { promisify } from "node:util";
import { writeBundle } from "../../scripts/edge/bundle";
import { temporaryFolder } from "../support/temporaryFolder";
import { ControlPlane } from "./controlPlane";
import { isReady } from "./kubectl";

const bin = process.env["KUBERNETES_BIN"];
if (!bin) throw new Error("KUBERNETES_BIN is not set: npm run verify:kubernetes sets it");

interface Secret {
  readonly type: string;
  readonly data: Readonly<Record<string, string>>;
}

describe("the edge bundle's installer on Kubernetes", () => {
  let plane: ControlPlane;
  let bundle: string;
  let install: (...args: readonly string[]) => Promise<string>;

  before(async () => {
    const folder = temporaryFolder("edge-cluster");
    plane = await ControlPlane.start(bin, folder);
    // The image is imported into no node here: nothing runs in kwok's pods.
    const docker = {
      requireImage: () => undefined,
      save: (_: readonly string[], file: string) => writeFileSync(file, "image"),
      copyFrom: (_: string, __: string, to: string) => mkdirSync(to),
    };
    const out = path.join(folder, "bundle.tar");
    const written = await writeBundle({ stack: "edge", out, docker });
    execFileSync("tar", ["-xf", out, "-C", folder]);
    bundle = path.join(folder, written.folder);
    const commands = path.join(folder, "commands");
    mkdirSync(commands);
    symlinkSync(path.join(bin, "kubectl"), path.join(commands, "kubectl"));
    install = async (...args) => {
      const { stdout } = await promisify(execFile)(path.join(bundle, "install.sh"), args, {
        env: {
          PATH: `${commands}:/usr/bin:/bin`,
          KUBECONFIG: path.join(folder, "kubeconfig"),
        },
      });
      return stdout;
    };
    await plane.kubectl.apply([
      {
        apiVersion: "v1",
        kind: "Node",
        metadata: { name: "edge", annotations: { "kwok.x-k8s.io/node": "fake" } },
        status: {
          capacity: { cpu: "4", memory: "8Gi", pods: "110" },
          allocatable: { cpu: "4", memory: "8Gi", pods: "110" },
        },
      },
    ]);
  });

  after(() => plane.stop());

  const secret = (name: string) => plane.kubectl.get<Secret>("secret", name, "-n", "scoring");

  it("deploys, makes keys and a certificate there, and waits until the replica is ready", async () => {
    const said = await install("cluster", "--import", "none", "--timeout", "60");
    assert.match(said, /deployment "scoring-service" successfully rolled out/);
    const pods = await plane.kubectl.pods("scoring");
    assert.deepEqual(pods.map(isReady), [true]);
    const keys = (await secret("scoring-service-keys")).data;
    const [primary, secondary] = ["primaryKey", "secondaryKey"].map((name) =>
      Buffer.from(keys[name] ?? "", "base64").toString(),
    );
    assert.match(primary ?? "", /^[0-9a-f]{48}$/);
    assert.match(secondary ?? "", /^[0-9a-f]{48}$/);
    assert.notEqual(primary, secondary);
    assert.equal(
      await install("keys", "cluster"),
      `primaryKey: ${primary}\nsecondaryKey: ${secondary}\n`,
    );
    const tls = await secret("scoring-service-tls");
    assert.equal(tls.type, "kubernetes.io/tls");
    assert.equal(
      Buffer.from(tls.data["tls.crt"] ?? "", "base64").toString(),
      readFileSync(path.join(bundle, "tls.crt"), "utf8"),
    );
  });

  it("keeps keys and certificate at a second install", async () => {
    const before = [await secret("scoring-service-keys"), await secret("scoring-service-tls")];
    await install("cluster", "--import", "none", "--timeout", "60");
    const now = [await secret("scoring-service-keys"), await secret("scoring-service-tls")];
    assert.deepEqual(
      now.map(({ data }) => data),
      before.map(({ data }) => data),
    );
  });

  it("says so where the replica does not become ready", async () => {
    await plane.kubectl.run(["cordon", "edge"]);
    await plane.kubectl.run(["delete", "pods", "--all", "-n", "scoring", "--wait=false"]);
    await assert.rejects(
      install("cluster", "--import", "none", "--timeout", "3"),
      /the service did not become ready within 3 s: see kubectl --namespace scoring describe pods/,
    );
    await plane.kubectl.run(["uncordon", "edge"]);
  });

  const namespaces = async () => {
    const { items } = await plane.kubectl.get<{ items: { metadata: { name: string } }[] }>(
      "namespaces",
    );
    return items.map(({ metadata }) => metadata.name);
  };

  it("leaves the namespace where others live in it", async () => {
    const other = ["job", "other", "-n", "scoring"];
    await plane.kubectl.run(["create", ...other, "--image=other:1"]);
    const said = await install("uninstall", "cluster", "--import", "none");
    assert.match(said, /namespace scoring stays, since it has others in it: job\.batch\/other/);
    assert.ok((await namespaces()).includes("scoring"));
    await plane.kubectl.run(["delete", ...other]);
  });

  it("takes everything away", async () => {
    await install("uninstall", "cluster", "--import", "none");
    assert.ok(!(await namespaces()).includes("scoring"));
  });
});
