import { copyFileSync, existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import os from "node:os";
import path from "node:path";
import { root } from "../support/paths";
import { run, type Engine } from "./engine";

/** Stand-ins for the Dockerfile's base images, made from Debian's and npm's packages alone. */
export const bases = {
  NODE_IMAGE: "scoring.local/node:24",
  CPU_BASE_IMAGE: "scoring.local/debian:bookworm",
} as const;

/** A minimal Debian, kept in `.local` since it takes a minute or two. */
function debian(): string {
  const archive = path.join(root, ".local", "verify-image", "debian.tar");
  if (existsSync(archive)) return archive;
  if (!existsSync("/usr/sbin/debootstrap")) {
    run("apt-get", ["update", "-qq"]);
    run("apt-get", ["install", "-y", "-qq", "--no-install-recommends", "debootstrap"]);
  }
  const folder = mkdtempSync(path.join(os.tmpdir(), "debian-"));
  mkdirSync(path.dirname(archive), { recursive: true });
  run("/usr/sbin/debootstrap", ["--variant=minbase", "bookworm", folder]);
  run("/bin/sh", [
    "-ec",
    `rm -rf ${folder}/var/cache/apt/archives/*.deb ${folder}/var/lib/apt/lists/*`,
  ]);
  run("tar", ["-C", folder, "-cf", archive, "."]);
  rmSync(folder, { recursive: true, force: true });
  return archive;
}

/** Imports both bases under the names in `bases`. The builder's knows this machine's npm registry and certificates; the runtime's is plain Debian. */
export function makeBases(engine: Engine): void {
  engine.docker(["import", debian(), bases.CPU_BASE_IMAGE]);
  const folder = mkdtempSync(path.join(os.tmpdir(), "node-"));
  const local = path.join(folder, "local");
  run("npm", ["install", "--prefix", local, "-g", "npm@11", "--ignore-scripts", "--no-audit"]);
  mkdirSync(path.join(local, "bin"), { recursive: true });
  copyFileSync(path.join(root, "node_modules/node/bin/node"), path.join(local, "bin/node"));
  const certificates = process.env["NODE_EXTRA_CA_CERTS"];
  if (certificates) copyFileSync(certificates, path.join(folder, "local", "certificates.pem"));
  const registry = run("npm", ["config", "get", "registry"]);
  writeFileSync(
    path.join(folder, "Dockerfile"),
    `FROM ${bases.CPU_BASE_IMAGE}\nCOPY local /usr/local\nENV npm_config_registry=${registry}\n` +
      (certificates
        ? "ENV NODE_EXTRA_CA_CERTS=/usr/local/certificates.pem PIP_CERT=/usr/local/certificates.pem\n"
        : ""),
  );
  engine.docker(["build", "-q", "-t", bases.NODE_IMAGE, folder], { DOCKER_BUILDKIT: "0" });
  rmSync(folder, { recursive: true, force: true });
}
