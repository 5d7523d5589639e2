/** `npm run audit`: asks npm for known vulnerabilities of the production dependencies of both packages. */
import { spawnSync } from "node:child_process";
import path from "node:path";
import { describeAudit } from "./auditReport";

const root = path.join(__dirname, "..");
const packages = [
  ["the Pulumi program", root],
  ["the scoring server", path.join(root, "scoring-image")],
] as const;

for (const [name, folder] of packages) {
  const { stdout, stderr, error } = spawnSync("npm", ["audit", "--omit=dev", "--json"], {
    cwd: folder,
    encoding: "utf8",
    shell: process.platform === "win32",
  });
  const { text, isClean } = describeAudit(name, stdout || (error?.message ?? stderr));
  (isClean ? process.stdout : process.stderr).write(`${text}\n`);
  if (!isClean) process.exitCode = 1;
}
