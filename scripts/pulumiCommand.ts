import { spawnSync } from "node:child_process";
import { prepareRun } from "./pulumi/run";

/**
 * Runs the Pulumi CLI as `npm run up` does and answers with what it printed.
 * @param input text for its standard input, so that Pulumi gets no secret as an argument
 * @throws Error when it cannot be started or fails
 */
export function pulumiCommand(args: readonly string[], input?: string): string {
  const run = prepareRun(args);
  const { status, stdout, stderr, error } = spawnSync(run.file, [...run.args], {
    encoding: "utf8",
    env: run.env,
    ...(input === undefined ? {} : { input }),
  });
  run.finish();
  if (error) throw new Error(`pulumi could not be started: ${error.message}`);
  if (status !== 0) {
    throw new Error(
      `pulumi ${args.slice(0, 2).join(" ")} failed: ${stderr.trim() || stdout.trim()}`,
    );
  }
  return stdout;
}
