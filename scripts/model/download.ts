import { createHash } from "node:crypto";
import { createReadStream, createWriteStream } from "node:fs";
import { mkdir, rename, rm, stat } from "node:fs/promises";
import path from "node:path";
import { Readable, Transform } from "node:stream";
import { pipeline } from "node:stream/promises";
import type { ReadableStream } from "node:stream/web";
import { setTimeout as wait } from "node:timers/promises";
import { CommandFailure } from "./failure";
import type { Progress } from "./progress";
import { readableSize } from "./verb";

/** A file to download and what it must be. */
export interface Wanted {
  /** Tried in turn. */
  readonly urls: readonly string[];
  readonly bytes: number;
  readonly sha256: string;
}

/** How a download copes with a bad line. */
export interface Patience {
  /** Attempts at each address. */
  readonly attempts: number;
  /** Wait before the second attempt, doubled for each further one. */
  readonly firstWaitMs: number;
  /** Longest time without a byte. */
  readonly silenceMs: number;
}

/** The patience of `npm run model -- fetch`. */
export const patience: Patience = { attempts: 5, firstWaitMs: 1000, silenceMs: 30_000 };

/** An answer that another attempt would not better, such as 404. */
class Hopeless extends Error {}

/**
 * Downloads a file to `target`, which appears complete and checked or not at all: until then the bytes are in `target.partial`, from
 * which a later attempt, also of another run, goes on by a Range request (RFC 9110, 14.2).
 * @throws CommandFailure download, naming each address and what was wrong with it; a file of a wrong hash is removed
 */
export async function download(
  wanted: Wanted,
  target: string,
  progress: Progress,
  { attempts, firstWaitMs, silenceMs }: Patience = patience,
): Promise<void> {
  const partial = `${target}.partial`;
  await mkdir(path.dirname(target), { recursive: true });
  const problems = new Map<string, string>();
  for (const url of wanted.urls) {
    for (let attempt = 1; attempt <= attempts; attempt++) {
      if (attempt > 1) {
        await wait(firstWaitMs * 2 ** (attempt - 2));
        progress.step(
          `trying again, attempt ${attempt} of ${attempts}: ${url}: ${problems.get(url)}`,
        );
      }
      try {
        await attemptDownload(url, wanted, partial, { progress, silenceMs });
        await rename(partial, target);
        return;
      } catch (error) {
        if (isFull(error)) throw await full(target, partial, error);
        problems.set(url, reason(error));
        if (error instanceof Hopeless) break;
      }
    }
  }
  const listed = [...problems].map(([url, problem]) => `${url}: ${problem}`).join("; ");
  throw new CommandFailure(
    "download",
    `${path.basename(target)} could not be downloaded. ${listed}. Another address can be set with --mirror or MODEL_MIRRORS`,
  );
}

async function attemptDownload(
  url: string,
  { bytes, sha256 }: Wanted,
  partial: string,
  { progress, silenceMs }: { readonly progress: Progress; readonly silenceMs: number },
): Promise<void> {
  // More than the file has is not its beginning.
  if ((await sizeOf(partial)) > bytes) await rm(partial);
  const have = await sizeOf(partial);
  if (have < bytes) {
    await receive(url, partial, have, { bytes, progress, silenceMs });
  }
  const size = await sizeOf(partial);
  if (size < bytes) throw new Error(`the connection ended after ${size} of ${bytes} bytes`);
  const actual = await hashOf(partial);
  if (actual === sha256) return;
  await rm(partial);
  // Where an earlier beginning may be at fault, the whole file deserves an attempt.
  const Problem = have > 0 ? Error : Hopeless;
  throw new Problem(`the file has sha256 ${actual}, not ${sha256}, and was removed`);
}

async function receive(
  url: string,
  partial: string,
  have: number,
  {
    bytes,
    progress,
    silenceMs,
  }: { readonly bytes: number; readonly progress: Progress; readonly silenceMs: number },
): Promise<void> {
  const silence = new AbortController();
  const abort = () => silence.abort(new Error(`no byte for ${silenceMs / 1000} s`));
  let timer = setTimeout(abort, silenceMs);
  try {
    const response = await fetch(url, {
      headers: have > 0 ? { range: `bytes=${have}-` } : {},
      signal: silence.signal,
    });
    if (!response.ok || !response.body) {
      await response.body?.cancel();
      const message = `answered ${response.status}`;
      throw response.status >= 500 || response.status === 408 || response.status === 429
        ? new Error(message)
        : new Hopeless(message);
    }
    // A server that ignores Range sends everything from the beginning.
    const resumed = response.status === 206;
    let received = resumed ? have : 0;
    const count = new Transform({
      transform(chunk: Uint8Array, _encoding, done) {
        clearTimeout(timer);
        timer = setTimeout(abort, silenceMs);
        received += chunk.length;
        progress.update(
          `${readableSize(received)} of ${readableSize(bytes)} (${Math.floor((100 * received) / bytes)} %)`,
        );
        // More than was promised is not the file, and must not fill the disk.
        if (received > bytes) done(new Hopeless(`sends more than ${bytes} bytes`));
        else done(null, chunk);
      },
    });
    await pipeline(
      Readable.fromWeb(response.body as ReadableStream<Uint8Array>),
      count,
      createWriteStream(partial, { flags: resumed ? "a" : "w" }),
      { signal: silence.signal },
    );
  } finally {
    clearTimeout(timer);
    progress.end();
  }
}

async function hashOf(file: string): Promise<string> {
  const hash = createHash("sha256");
  await pipeline(createReadStream(file), hash);
  return hash.digest("hex");
}

const sizeOf = async (file: string) => (await stat(file).catch(() => undefined))?.size ?? 0;

const codeOf = (error: unknown) => (error as NodeJS.ErrnoException).code;

const isFull = (error: unknown) => ["ENOSPC", "EDQUOT", "EFBIG"].includes(codeOf(error) ?? "");

async function full(target: string, partial: string, cause: unknown): Promise<CommandFailure> {
  await rm(partial, { force: true });
  return new CommandFailure(
    "download",
    `there is no room for ${path.basename(target)} in ${path.dirname(target)} (${codeOf(cause)}); what had arrived was removed`,
    { cause },
  );
}

/** fetch hides the system's error in `cause`. */
function reason(error: unknown): string {
  const { message, cause } = error as Error;
  const inner = cause instanceof Error ? (codeOf(cause) ?? cause.message) : undefined;
  return inner === undefined ? message : `${message} (${inner})`;
}
