import assert from "node:assert/strict";
import path from "node:path";
import { project, stackConfig } from "../../scripts/stackConfig";
import type { Engine } from "../image/engine";

/** The image's name in the edge stack. */
export const image = stackConfig("edge")[`${project}:image.reference`] ?? "";

let checks = 0;

/** How many checks have held. */
export const passed = () => checks;

/** @throws AssertionError */
export function check(holds: boolean, what: string): void {
  assert.ok(holds, what);
  checks++;
  console.log(`ok  ${what}`);
}

/** Where the machine finds its commands. */
export const commands = "/usr/sbin:/usr/bin:/sbin:/bin";

/** Runs the bundle's installer on the machine without a network. @returns exit code and all that it said */
export function install(
  engine: Engine,
  bundle: string,
  args: readonly string[],
  env: NodeJS.ProcessEnv = {},
) {
  const TMPDIR = path.join(path.dirname(bundle), "..", "tmp");
  try {
    const said = engine.inside(["/bin/sh", "install.sh", ...args], {
      cwd: bundle,
      env: { PATH: commands, TMPDIR, ...env },
    });
    return { code: 0, said };
  } catch (error) {
    const { status, stdout, stderr } = error as { status: number; stdout: Buffer; stderr: Buffer };
    return { code: status, said: `${stdout.toString()}${stderr.toString()}` };
  }
}

/** Everything that the engine holds. */
export const held = (engine: Engine) =>
  ["ps --all", "images", "volume ls"]
    .map((what) => engine.docker([...what.split(" "), "--quiet"]))
    .join("");
