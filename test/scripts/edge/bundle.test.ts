import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import path from "node:path";
import { parseAllDocuments } from "yaml";
import { filesBelow, sha256 } from "../../../scripts/edge/archive";
import { writeBundle } from "../../../scripts/edge/bundle";
import { docker, type Docker } from "../../../scripts/edge/docker";
import { renderStack, type Manifest } from "../../../scripts/edge/manifests";
import { kubernetesProblems } from "../../simulation/kubernetesSchema";
import { fixtures } from "../../support/paths";
import { folderWithProgram } from "../../support/program";
import { tritonImage, tritonSettings } from "../../support/stack";
import { temporaryFolder } from "../../support/temporaryFolder";

/** Docker with these images; what it saves are their names. */
const dockerWith = (...images: readonly string[]): Docker => ({
  requireImage(reference, remedy) {
    if (!images.includes(reference)) throw new Error(`no ${reference}. ${remedy}`);
  },
  save(references, file) {
    writeFileSync(file, references.join("\n"));
  },
  copyFrom(_reference, _folder, to) {
    mkdirSync(to);
    writeFileSync(path.join(to, "model.json"), "{}");
  },
});
const image = "registry.example.com/scoring-image:1";

/** The manifests that were read and approved, as far as a bundle has them. */
function approved(): Manifest[] {
  const text = readFileSync(path.join(fixtures, "manifests", "edge.yaml"), "utf8");
  return parseAllDocuments(text)
    .map((document) => document.toJS() as Manifest)
    .filter(({ kind }) => kind !== "Secret");
}

/** Without the annotation that follows the ConfigMap, which mocks number and a bundle hashes. */
const withoutRevision = (objects: readonly Manifest[]) =>
  objects
    .map((object) =>
      JSON.stringify(object, (key, value: unknown) =>
        key === "accelerated-scoring/configuration" ? undefined : value,
      ),
    )
    .map((text) => JSON.parse(text) as Manifest)
    .sort((a, b) => (a.kind < b.kind ? -1 : 1));

async function bundle(
  overrides: Readonly<Record<string, unknown>> = {},
  found = dockerWith(image),
) {
  const folder = temporaryFolder("bundle");
  const out = path.join(folder, "bundle.tar.gz");
  const written = await writeBundle({ stack: "edge", out, docker: found, overrides });
  const unpacked = path.join(folder, "unpacked");
  mkdirSync(unpacked);
  execFileSync("tar", ["-xf", out, "-C", unpacked]);
  return { ...written, at: path.join(unpacked, written.folder) };
}

describe("the edge bundle", () => {
  it("renders what the program would deploy, without any Secret, and valid by Kubernetes's OpenAPI file", async () => {
    const { manifests } = await renderStack("edge");
    assert.deepEqual(withoutRevision(manifests), withoutRevision(approved()));
    assert.equal(manifests[0]?.kind, "Namespace");
    assert.equal(manifests.at(-1)?.kind, "Deployment");
    for (const object of manifests) assert.deepEqual(kubernetesProblems(object), []);
  });

  it("starts new pods for another environment of the server, and for nothing else", async () => {
    const revision = async (overrides: object) => {
      const { manifests } = await renderStack("edge", { ...overrides });
      const { template } = manifests.at(-1)?.["spec"] as {
        template: { metadata: { annotations: Record<string, string> } };
      };
      return template.metadata.annotations["accelerated-scoring/configuration"];
    };
    const first = await revision({});
    assert.match(first ?? "", /^[0-9a-f]{16}$/);
    assert.equal(await revision({ replicas: 2 }), first);
    assert.notEqual(await revision({ maxQueueWaitMs: 100 }), first);
  });

  it("is the same to the byte each time, with a checksum for every file in it", async () => {
    const one = await bundle();
    const two = await bundle();
    assert.equal(one.sha256, two.sha256);
    assert.equal(one.sha256, await sha256(one.file));
    assert.deepEqual(filesBelow(one.at), [
      "SHA256SUMS",
      "bundle.env",
      "image.tar",
      "install.sh",
      "installer/certificate.sh",
      "installer/cluster.sh",
      "installer/docker.sh",
      "manifests/namespace.yaml",
      "manifests/service.yaml",
      "model/model.json",
      "service.env",
    ]);
    const sums = readFileSync(path.join(one.at, "SHA256SUMS"), "utf8").trim().split("\n");
    assert.equal(sums.length, 10);
    for (const line of sums) {
      const [sum, name = ""] = line.split("  ");
      assert.equal(sum, await sha256(path.join(one.at, name)), name);
    }
  });

  it("tells the installer what it must know, in words that a shell may read", async () => {
    const { at } = await bundle({ cpuCoresLimit: "2.5" });
    assert.equal(
      readFileSync(path.join(at, "bundle.env"), "utf8"),
      [
        "NAME='scoring-service'",
        "NAMESPACE='scoring'",
        `IMAGE='${image}'`,
        "RUNTIME_IMAGE=''",
        "AUTH='key'",
        "GPUS=''",
        "TLS='generated'",
        "TLS_HOST='scoring.edge.example.com'",
        "CPUS='2.5'",
        "MEMORY='4000m'",
        "STOP_SECONDS='70'",
        "",
      ].join("\n"),
    );
    const environment = readFileSync(path.join(at, "service.env"), "utf8").split("\n");
    assert.ok(environment.includes("PRIMARY_KEY_FILE=/etc/scoring/keys/primaryKey"));
  });

  it("hands GPUs to Docker where the server itself runs the model on them", async () => {
    const gpus = async (overrides: object, ...images: readonly string[]) => {
      const { at } = await bundle({ accelerator: "gpu", ...overrides }, dockerWith(...images));
      return /^GPUS=.*$/m.exec(readFileSync(path.join(at, "bundle.env"), "utf8"))?.[0];
    };
    assert.equal(await gpus({ gpuCores: 2 }, image), "GPUS='2'");
    assert.equal(await gpus(tritonSettings, image, tritonImage), "GPUS=''");
  });

  it("holds nothing of the keys that the stack encrypts", async () => {
    const sealed = { secure: "v1:abc:def" };
    const { at } = await bundle({
      primaryKey: sealed,
      "tls.mode": "own",
      "tls.key": sealed,
      "tls.certificate": "-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----",
    });
    for (const name of filesBelow(at)) {
      const text = readFileSync(path.join(at, name), "utf8");
      assert.doesNotMatch(text, /v1:abc|PRIVATE KEY---|not-in-the-bundle/, name);
    }
  });

  it("takes the runtime's image along", async () => {
    const runtime = tritonImage;
    const { at } = await bundle(tritonSettings, dockerWith(image, runtime));
    assert.equal(readFileSync(path.join(at, "image.tar"), "utf8"), `${image}\n${runtime}`);
  });

  for (const [title, stack, overrides, images, message] of [
    [
      "a stack that makes its own cluster",
      "eastus",
      {},
      [image],
      "A bundle is for a cluster or machine that exists, and the target of stack eastus is azure. Name another with --stack",
    ],
    [
      "a stack whose pods may ask a registry",
      "edge",
      { "image.pullPolicy": "" },
      [image],
      "The machine of a bundle has no registry, and Kubernetes may ask one. Mend it with: pulumi config set image.pullPolicy IfNotPresent --stack edge",
    ],
    [
      "an image by digest",
      "edge",
      { "image.reference": `registry.example.com/scoring-image@sha256:${"0".repeat(64)}` },
      [image],
      `registry.example.com/scoring-image@sha256:${"0".repeat(64)} names its image by digest, which an imported image does not have: name it by a tag in stack edge`,
    ],
    [
      "a stack that is not there",
      "nowhere",
      {},
      [image],
      "There is no Pulumi.nowhere.yaml: name a stack with --stack",
    ],
    [
      "an image for GPUs that has not been built",
      "edge",
      { accelerator: "gpu" },
      [],
      `no ${image}. Build it: docker build --target cuda --build-arg MODEL=efficientnet-lite0 -t ${image} scoring-image`,
    ],
    [
      "an image that has not been built",
      "edge",
      {},
      [],
      `no ${image}. Build it: docker build --target cpu --build-arg MODEL=efficientnet-lite0 -t ${image} scoring-image`,
    ],
    [
      "a runtime that has not been pulled",
      "edge",
      tritonSettings,
      [image],
      `no ${tritonImage}. Get it: docker pull ${tritonImage}`,
    ],
  ] as const) {
    it(`refuses ${title}`, async () => {
      const out = path.join(temporaryFolder("refused"), "bundle.tar");
      await assert.rejects(writeBundle({ stack, out, docker: dockerWith(...images), overrides }), {
        message,
      });
    });
  }

  it("says what is missing where Docker is not there, does not answer or has no such image", function () {
    if (process.platform === "win32") this.skip();
    const before = process.env["PATH"];
    const said = (searched: string) => {
      process.env["PATH"] = searched;
      try {
        docker.requireImage(image, "Build it.");
      } catch (error) {
        return (error as Error).message;
      } finally {
        process.env["PATH"] = before;
      }
      return "";
    };
    assert.equal(
      said(temporaryFolder("nothing")),
      "The image is taken from Docker, and there is no docker on PATH: install it",
    );
    assert.equal(
      said(
        folderWithProgram(
          "docker",
          'console.error("Cannot connect to the daemon"); process.exit(1)',
        ),
      ),
      "docker image failed: Cannot connect to the daemon",
    );
    assert.equal(said(folderWithProgram("docker", "")), `Docker has no image ${image}. Build it.`);
  });
});
