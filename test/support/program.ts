import { chmodSync, writeFileSync } from "node:fs";
import path from "node:path";
import { record, settled, type Recording } from "./pulumiMocks";
import { useConfig } from "./stack";
import { temporaryFolder } from "./temporaryFolder";

/** What a run of `index.ts` registered and exported. */
export interface ProgramRun extends Recording {
  readonly exported: Readonly<Record<string, unknown>>;
}

/** A folder with commands that do nothing, to be found on PATH. */
export function folderWithCommands(...names: readonly string[]): string {
  const folder = temporaryFolder("commands");
  for (const name of names) {
    const file = path.join(folder, process.platform === "win32" ? `${name}.cmd` : name);
    writeFileSync(file, "");
    chmodSync(file, 0o755);
  }
  return folder;
}

/** A folder with one command, a JavaScript program that sees its arguments in `process.argv`; not on Windows. */
export function folderWithProgram(name: string, script: string): string {
  const folder = temporaryFolder("commands");
  writeFileSync(path.join(folder, name), `#!${process.execPath}\n${script}\n`, { mode: 0o755 });
  return folder;
}

/** Runs the whole program of a stack under strict mocks, as a preview unless told otherwise; `searched` is its PATH. */
export async function runProgram(
  stack: string,
  overrides: Readonly<Record<string, unknown>> = {},
  {
    preview = true,
    secrets = [] as readonly string[],
    searched = folderWithCommands("kubelogin", "az"),
  } = {},
): Promise<ProgramRun> {
  const recording = await record(stack, preview);
  useConfig(stack, { deployerIpRange: "203.0.113.7/32", ...overrides }, secrets);
  const before = process.env["PATH"];
  process.env["PATH"] = searched;
  try {
    // Late, because the program must be loaded after the mocks are set.
    // eslint-disable-next-line @typescript-eslint/no-require-imports
    const program = require("../../index") as () => Promise<Record<string, unknown>>;
    const exported = await program();
    await settled();
    return { ...recording, exported };
  } finally {
    process.env["PATH"] = before;
  }
}
