import { spawnSync } from "node:child_process";

/**
 * Runs the Pulumi CLI and answers with what it printed.
 * @param input text for its standard input, so that Pulumi gets no secret as an argument
 * @throws Error when it cannot be started or fails
 */
export function pulumiCommand(args: readonly string[], input?: string): string {
  const { status, stdout, stderr, error } = spawnSync("pulumi", [...args], {
    encoding: "utf8",
    ...(input === undefined ? {} : { input }),
    shell: process.platform === "win32",
  });
  if (error) throw new Error(`pulumi could not be started: ${error.message}`);
  if (status !== 0) {
    throw new Error(
      `pulumi ${args.slice(0, 2).join(" ")} failed: ${stderr.trim() || stdout.trim()}`,
    );
  }
  return stdout;
}
