import { execFileSync, spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { cpSync, mkdirSync, mkdtempSync, rmSync, symlinkSync } from "node:fs";
import os from "node:os";
import path from "node:path";

const source = path.join(__dirname, "..", "..");

/** What a run of a command left. */
export interface EngineResult {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
  /** Both, for messages. */
  readonly output: string;
}

/** A run of the CLI that has not ended. */
export interface EngineRun {
  readonly child: ChildProcess;
  /** What it has written so far. */
  readonly output: () => string;
  readonly ended: Promise<EngineResult>;
}

/**
 * A copy of this repository as git would clone it, with a commit of its own, so that the tests see what a run leaves in
 * the tree; `node_modules` are links. Its state is its own too.
 */
export class EngineProject {
  readonly root = mkdtempSync(path.join(os.tmpdir(), "engine-"));

  /** @param env variables of every run, over this process's own without Pulumi's */
  constructor(private readonly env: Readonly<Record<string, string>> = {}) {
    const files = execFileSync("git", ["ls-files", "-co", "--exclude-standard", "-z"], {
      cwd: source,
      encoding: "utf8",
    });
    for (const file of files.split("\0").filter((name) => name !== "")) {
      cpSync(path.join(source, file), path.join(this.root, file), { recursive: true });
    }
    for (const folder of ["node_modules", "scoring-image/node_modules"]) {
      symlinkSync(path.join(source, folder), path.join(this.root, folder));
    }
    const git = (...args: string[]) =>
      execFileSync("git", ["-c", "user.name=test", "-c", "user.email=test@localhost", ...args], {
        cwd: this.root,
      });
    git("init", "--quiet");
    // Links are not what the folders' lines in .gitignore match.
    execFileSync("sh", ["-c", "echo node_modules >> .git/info/exclude"], {
      cwd: this.root,
    });
    git("add", "--all");
    git("commit", "--quiet", "--message", "clone");
  }

  /** `npm run up -- --stack dev` is `start("up", "--stack", "dev")`; npm itself is left out for speed. */
  start(...args: readonly string[]): EngineRun {
    return this.command(process.execPath, [
      "--import=tsx",
      path.join(this.root, "scripts", "pulumi.ts"),
      ...args,
    ]);
  }

  /** Runs to the end, whatever its exit code. */
  run(...args: readonly string[]): Promise<EngineResult> {
    return this.start(...args).ended;
  }

  /** Runs to the end. @throws Error with its output when it fails */
  async succeed(...args: readonly string[]): Promise<EngineResult> {
    const result = await this.run(...args);
    if (result.code !== 0) {
      throw new Error(`${args.join(" ")} ended with ${result.code}:\n${result.output}`);
    }
    return result;
  }

  /** Any other command in the project's folder. */
  command(file: string, args: readonly string[]): EngineRun {
    const child = spawn(file, [...args], {
      cwd: this.root,
      env: { ...withoutPulumi(process.env), ...this.env },
      stdio: ["ignore", "pipe", "pipe"],
    });
    let stdout = "";
    let stderr = "";
    let output = "";
    child.stdout.on("data", (chunk: Buffer) => {
      stdout += chunk.toString();
      output += chunk.toString();
    });
    child.stderr.on("data", (chunk: Buffer) => {
      stderr += chunk.toString();
      output += chunk.toString();
    });
    const ended = once(child, "close").then(([code]) => ({
      code: code as number | null,
      stdout,
      stderr,
      output,
    }));
    return { child, output: () => output, ended };
  }

  /** What `git status` sees, one line a file; empty for a clean tree. */
  dirtyFiles(): string {
    return execFileSync("git", ["status", "--porcelain"], { cwd: this.root, encoding: "utf8" });
  }

  /** The stack's state as `pulumi stack export` prints it. */
  async exportStack(stack: string): Promise<string> {
    return (await this.succeed("stack", "export", "--stack", stack)).stdout;
  }

  /** Deletes the copy with its state. */
  remove(): void {
    rmSync(this.root, { recursive: true, force: true });
  }
}

/** A PULUMI_HOME without a login, in which the installed CLI is found. */
export function homeWithoutLogin(): string {
  const home = mkdtempSync(path.join(os.tmpdir(), "pulumi-home-"));
  const own = process.env["PULUMI_HOME"] || path.join(os.homedir(), ".pulumi");
  mkdirSync(path.join(own, "versions"), { recursive: true });
  symlinkSync(path.join(own, "versions"), path.join(home, "versions"));
  return home;
}

const withoutPulumi = (env: NodeJS.ProcessEnv): NodeJS.ProcessEnv =>
  Object.fromEntries(Object.entries(env).filter(([name]) => !/^(PULUMI|ARM|AZURE)_/.test(name)));
