import { existsSync, readFileSync, renameSync, writeFileSync } from "node:fs";
import path from "node:path";
import { Document, isMap, parseDocument } from "yaml";

type Json = Readonly<Record<string, unknown>>;

/** What the engine notes about a stack's encryption. */
const encryptionFields = ["secretsprovider", "encryptedkey", "encryptionsalt"];

/**
 * A stack's configuration for one run of the CLI: `Pulumi.STACK.yaml` with the salt and the encrypted values, which live
 * in the state's folder only. The CLI reads and writes the merged file; plain settings that it changed go back to
 * `Pulumi.STACK.yaml`, the rest stays where git does not see it.
 */
export class StackSettings {
  /** The merged file, for `--config-file`. */
  readonly file: string;
  private readonly tracked: string;

  constructor(root: string, stacksFolder: string, stack: string) {
    const name = `Pulumi.${stack.split("/").at(-1)}.yaml`;
    this.tracked = path.join(root, name);
    this.file = path.join(stacksFolder, name);
    this.merge();
  }

  /** Writes the merged file: what the tracked one says goes before what the state's folder has. */
  private merge(): void {
    const document = read(this.tracked);
    const kept = read(this.file).toJS() as Json | null;
    for (const field of encryptionFields) {
      if (!document.has(field) && kept?.[field] !== undefined) document.set(field, kept[field]);
    }
    for (const [key, value] of Object.entries((kept?.["config"] ?? {}) as Json)) {
      const secret = secretPart(value);
      if (secret === undefined) continue;
      const own = (document.toJS() as { config?: Json } | null)?.config?.[key];
      document.setIn(["config", key], mergeValues(secret, own));
    }
    write(this.file, document, 0o600);
  }

  /** Takes plain settings that the CLI changed over to the tracked file, leaving its comments alone. */
  save(): void {
    const document = read(this.tracked);
    const before = ((document.toJS() as Json | null)?.["config"] ?? {}) as Json;
    const after = ((read(this.file).toJS() as Json | null)?.["config"] ?? {}) as Json;
    let changed = false;
    for (const key of new Set([...Object.keys(before), ...Object.keys(after)])) {
      const value = plainPart(after[key]);
      if (JSON.stringify(value) === JSON.stringify(plainPart(before[key]))) continue;
      changed = true;
      if (value === undefined) document.deleteIn(["config", key]);
      else document.setIn(["config", key], value);
    }
    if (changed) write(this.tracked, document, 0o644);
  }
}

function read(file: string): Document {
  const document = existsSync(file) ? parseDocument(readFileSync(file, "utf8")) : new Document({});
  return isMap(document.contents) ? document : new Document({});
}

function write(file: string, document: Document, mode: number): void {
  const beside = `${file}.${process.pid}`;
  writeFileSync(beside, document.toString({ lineWidth: 0 }), { mode });
  renameSync(beside, file);
}

const isObject = (value: unknown): value is Json =>
  typeof value === "object" && value !== null && !Array.isArray(value);

const isSecure = (value: unknown) => isObject(value) && typeof value["secure"] === "string";

/** The encrypted values inside of a setting, in their places. */
function secretPart(value: unknown): unknown {
  if (isSecure(value)) return value;
  if (Array.isArray(value)) return value.some((item) => secretPart(item)) ? value : undefined;
  return isObject(value) ? parts(value, secretPart) : undefined;
}

/** A setting without its encrypted values. */
function plainPart(value: unknown): unknown {
  if (isSecure(value)) return undefined;
  if (Array.isArray(value)) return secretPart(value) === undefined ? value : undefined;
  return isObject(value) && Object.keys(value).length > 0 ? parts(value, plainPart) : value;
}

function parts(value: Json, part: (value: unknown) => unknown): Json | undefined {
  const entries = Object.entries(value)
    .map(([key, inner]) => [key, part(inner)] as const)
    .filter(([, inner]) => inner !== undefined);
  return entries.length > 0 ? Object.fromEntries(entries) : undefined;
}

function mergeValues(base: unknown, over: unknown): unknown {
  if (over === undefined) return base;
  if (!isObject(base) || !isObject(over) || isSecure(base) || isSecure(over)) return over;
  const keys = new Set([...Object.keys(base), ...Object.keys(over)]);
  return Object.fromEntries([...keys].map((key) => [key, mergeValues(base[key], over[key])]));
}
