import { cpSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import os from "node:os";
import path from "node:path";
import { stringify } from "yaml";
import type { Settings } from "../../settings/shape";
import { readStack } from "../stackFile";
import { pack, sha256, writeChecksums } from "./archive";
import type { Docker } from "./docker";
import { renderStack, type Manifest } from "./manifests";

const root = path.join(__dirname, "..", "..");

/** Folder of the model in the scoring image. */
const modelInImage = "/app/model";

/** What a bundle is made of. */
export interface BundleArgs {
  readonly stack: string;
  /** File to write; gzipped where its name ends so. */
  readonly out: string;
  readonly docker: Docker;
  /** Settings in place of the stack file's. */
  readonly overrides?: Readonly<Record<string, unknown>>;
}

/** What was written. */
export interface Bundle {
  readonly file: string;
  readonly sha256: string;
  /** Folder into which it unpacks. */
  readonly folder: string;
}

/**
 * Writes one archive with everything that a machine without a network needs: image, model, manifests, installer, checksums.
 * @throws Error where there is no such stack, it is not one for an existing cluster, its image could not be started without a registry, or Docker does not have it
 */
export async function writeBundle({ stack, out, docker, overrides }: BundleArgs): Promise<Bundle> {
  readStack(root, stack);
  const { settings, manifests } = await renderStack(stack, overrides);
  const images = imagesOf(settings);
  const [image = ""] = images;
  docker.requireImage(
    image,
    `Build it: docker build --target ${needsCuda(settings) ? "cuda" : "cpu"} --build-arg MODEL=${settings.model} -t ${image} scoring-image`,
  );
  for (const runtime of images.slice(1)) {
    docker.requireImage(runtime, `Get it: docker pull ${runtime}`);
  }
  const staging = mkdtempSync(path.join(os.tmpdir(), "edge-bundle-"));
  try {
    const folder = path.join(staging, settings.serviceName);
    mkdirSync(path.join(folder, "manifests"), { recursive: true });
    docker.save(images, path.join(folder, "image.tar"));
    docker.copyFrom(image, modelInImage, path.join(folder, "model"));
    writeManifests(manifests, path.join(folder, "manifests"));
    writeFileSync(path.join(folder, "service.env"), serverEnvironment(manifests));
    writeFileSync(path.join(folder, "bundle.env"), facts(settings, images));
    for (const name of ["install.sh", "installer"]) {
      cpSync(path.join(__dirname, name), path.join(folder, name), { recursive: true });
    }
    await writeChecksums(folder);
    await pack(folder, out);
    return { file: out, sha256: await sha256(out), folder: settings.serviceName };
  } finally {
    rmSync(staging, { recursive: true, force: true });
  }
}

const needsCuda = (settings: Settings) =>
  settings.accelerator === "gpu" && settings["runtime.kind"] === "none";

/** The images of the pod, ours first. */
function imagesOf(settings: Settings): string[] {
  const { stack, target } = settings;
  if (target !== "kubernetes") {
    throw new Error(
      `A bundle is for a cluster or machine that exists, and the target of stack ${stack} is ${target}. Name another with --stack`,
    );
  }
  if (!["Never", "IfNotPresent"].includes(settings["image.pullPolicy"] ?? "")) {
    throw new Error(
      `The machine of a bundle has no registry, and Kubernetes may ask one. Mend it with: pulumi config set image.pullPolicy IfNotPresent --stack ${stack}`,
    );
  }
  const runtime = settings["runtime.image"];
  const images = [settings["image.reference"] ?? "", ...(runtime === undefined ? [] : [runtime])];
  for (const image of images) {
    if (image.includes("@")) {
      throw new Error(
        `${image} names its image by digest, which an imported image does not have: name it by a tag in stack ${stack}`,
      );
    }
  }
  return images;
}

function writeManifests(manifests: readonly Manifest[], folder: string): void {
  const write = (name: string, wanted: (kind: string) => boolean) => {
    const texts = manifests.filter(({ kind }) => wanted(kind)).map((object) => stringify(object));
    writeFileSync(path.join(folder, name), texts.join("---\n"));
  };
  write("namespace.yaml", (kind) => kind === "Namespace");
  write("service.yaml", (kind) => kind !== "Namespace");
}

/** The server's environment for `docker run`, the same as in the cluster. */
function serverEnvironment(manifests: readonly Manifest[]): string {
  const { data } = manifests.find(({ kind }) => kind === "ConfigMap") as unknown as {
    readonly data: Readonly<Record<string, string>>;
  };
  return Object.entries(data)
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([name, value]) => `${name}=${value}\n`)
    .join("");
}

/** What the installer must know, as a shell reads it. */
function facts(settings: Settings, [image = "", runtime = ""]: readonly string[]): string {
  const values = {
    NAME: settings.serviceName,
    NAMESPACE: settings.namespace,
    IMAGE: image,
    RUNTIME_IMAGE: runtime,
    AUTH: settings.auth,
    // GPUs that `docker run` must hand over; on a cluster the manifests ask for them.
    GPUS: needsCuda(settings) ? String(settings.gpuCores) : "",
    TLS: settings["tls.mode"],
    TLS_HOST: settings["tls.host"] ?? "",
    CPUS: String(settings.cpuCoresLimit ?? settings.cpuCores),
    MEMORY: `${Math.round((settings.memoryGbLimit ?? settings.memoryGb) * 1000)}m`,
    STOP_SECONDS: String(Math.ceil(settings.scoringTimeoutMs / 1000) + 10),
  };
  return Object.entries(values)
    .map(([name, value]) => `${name}='${value.replaceAll("'", `'\\''`)}'\n`)
    .join("");
}
