import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { root } from "../../support/paths";

/** Runs a command that says its process id and then waits for ever, as a long conversion does. */
const program = `
  const { run } = require("./scripts/model/python");
  const wait = "console.error(process.pid); setInterval(() => {}, 1000)";
  const progress = { step: () => {}, update: console.log, end: () => {} };
  run(process.execPath, ["-e", wait], progress)
    .catch(({ kind }) => console.log("cleaned up after", kind));
`;

const isAlive = (pid: number) => {
  try {
    return process.kill(pid, 0);
  } catch {
    return false;
  }
};

describe("the commands of npm run model", function () {
  this.timeout(60_000);

  for (const signal of ["SIGINT", "SIGTERM"] as const) {
    it(`end with it on ${signal}, and let it clean up`, async () => {
      const parent = spawn(process.execPath, ["--import=tsx", "-e", program], { cwd: root });
      let output = "";
      const said = new Promise<number>((resolve) => {
        parent.stdout.setEncoding("utf8").on("data", (text: string) => {
          output += text;
          const [, pid] = /^(\d+) \(\d+ s\)$/m.exec(output) ?? [];
          if (pid !== undefined) resolve(Number(pid));
        });
      });
      const child = await said;
      assert(isAlive(child));
      parent.kill(signal);
      await once(parent, "close");
      const outlived = isAlive(child);
      if (outlived) process.kill(child, "SIGKILL");
      assert(!outlived);
      assert.match(output, /^cleaned up after interrupted$/m);
    });
  }
});
