import { createHash } from "node:crypto";
import { lstatSync, mkdtempSync, readdirSync, readFileSync, readlinkSync, rmSync } from "node:fs";
import os from "node:os";
import path from "node:path";
import type { Engine } from "./engine";

/** What Docker puts into every container by itself. */
const made = /^(?:dev|proc|sys)\/|^\.dockerenv$|^etc\/(?:hosts|hostname|resolv\.conf|mtab)$/;

/** What must be in no layer: private keys, and tokens as npm, GitHub and Azure write them. */
const secret =
  /-----BEGIN [A-Z ]*PRIVATE KEY-----\n[A-Za-z0-9+/=]{40}|_authToken=|\bnpm_[A-Za-z0-9]{36}\b|\bghp_[A-Za-z0-9]{36}\b|AccountKey=[A-Za-z0-9+/]{40}/;

export interface ImageContent {
  /** `mode sha256 path`, one line a file or link, sorted by path. */
  readonly manifest: readonly string[];
  /** Paths of files that hold something like a secret. */
  readonly secrets: readonly string[];
}

/** Reads the whole file system of an image, without running it. */
export function contentOf(engine: Engine, image: string): ImageContent {
  const folder = mkdtempSync(path.join(os.tmpdir(), "content-"));
  const container = engine.docker(["create", image, "true"]);
  engine.shell(`"$docker" export ${container} | tar -C ${folder} -xf -`);
  engine.docker(["rm", container]);
  const content = readContent(folder);
  rmSync(folder, { recursive: true, force: true });
  return content;
}

/**
 * Everything in a folder by its path from there. Links are not followed, as `readdirSync` would: those that begin at the root lead to this
 * machine's own files.
 */
const namesIn = (folder: string, below = ""): string[] =>
  readdirSync(path.join(folder, below), { withFileTypes: true }).flatMap((entry) => {
    const name = path.join(below, entry.name);
    return entry.isDirectory() ? [name, ...namesIn(folder, name)] : [name];
  });

/** Reads a file system that lies in a folder. */
export function readContent(folder: string): ImageContent {
  const secrets: string[] = [];
  const manifest = namesIn(folder)
    .filter((name) => !made.test(name))
    .sort()
    .flatMap((name) => {
      const file = path.join(folder, name);
      const stat = lstatSync(file);
      const mode = (stat.mode & 0o7777).toString(8);
      if (stat.isSymbolicLink()) return [`link ${readlinkSync(file)} ${name}`];
      if (!stat.isFile()) return stat.isDirectory() ? [`${mode} folder ${name}`] : [];
      const bytes = readFileSync(file);
      if (secret.test(bytes.toString("latin1"))) secrets.push(name);
      return [`${mode} ${createHash("sha256").update(bytes).digest("hex")} ${name}`];
    });
  return { manifest, secrets };
}
