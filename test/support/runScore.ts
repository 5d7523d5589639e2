import { spawn } from "node:child_process";
import path from "node:path";
import { text } from "node:stream/consumers";
import { root } from "./paths";

/** What a run of the command came to. */
export interface Run {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** Runs the command as `npm run score` does, in a folder of its own. */
export async function runScore(
  cwd: string,
  args: readonly string[],
  input?: Uint8Array,
): Promise<Run> {
  const tsx = path.join(root, "node_modules", "tsx", "dist", "cli.mjs");
  const script = path.join(root, "scoring-image", "client", "score.ts");
  const child = spawn(process.execPath, [tsx, script, ...args], { cwd, stdio: "pipe" });
  child.stdin.end(input);
  const [stdout, stderr, code] = await Promise.all([
    text(child.stdout),
    text(child.stderr),
    new Promise<number | null>((resolve) => child.once("exit", resolve)),
  ]);
  return { code, stdout, stderr };
}
