import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import path from "node:path";
import { httpServer } from "../support/httpServer";
import { root } from "../support/paths";

const bulk = "/-/npm/v1/security/advisories/bulk";
const sharp = {
  id: 1,
  url: "https://github.com/advisories/GHSA-0000-0000-0000",
  title: "Reads what it should not",
  severity: "high",
  vulnerable_versions: "<99.0.0",
  cwe: [],
  cvss: { score: 7.5, vectorString: null },
};

/** Runs `npm run audit` against a registry that answers its audit service so and has no package. */
async function audit(status: number, advisories: object) {
  const { url, seen, close } = await httpServer((request, response) => {
    const isBulk = request.method === "POST" && request.url === bulk;
    response.statusCode = isBulk ? status : 404;
    response.setHeader("content-type", "application/json");
    response.end(isBulk && status === 200 ? JSON.stringify(advisories) : "");
  });
  const env = { ...process.env, npm_config_registry: url, npm_config_fetch_retries: "0" };
  const args = ["--import=tsx", path.join("scripts", "audit.ts")];
  try {
    return await new Promise<{ code: unknown; stdout: string; stderr: string; asked: number }>(
      (resolve) =>
        execFile(process.execPath, args, { cwd: root, env }, (error, stdout, stderr) => {
          const hide = (text: string) => text.replaceAll(url, "REGISTRY");
          const asked = seen.filter((request) => request.url === bulk).length;
          const code = error?.code ?? 0;
          resolve({ code, stdout: hide(stdout), stderr: hide(stderr), asked });
        }),
    );
  } finally {
    await close();
  }
}

describe("npm run audit", () => {
  it("finds nothing where the registry knows of nothing", async () => {
    const { code, stdout, stderr, asked } = await audit(200, {});
    assert.deepEqual([code, stderr, asked], [0, "", 2]);
    assert.match(
      stdout,
      /^the Pulumi program: no known vulnerability in \d{3} production dependencies\nthe scoring server: no known vulnerability in \d{2,3} production dependencies\n$/,
    );
  });

  it("names what is vulnerable, and why", async () => {
    const { code, stdout, stderr } = await audit(200, { sharp: [sharp] });
    assert.equal(code, 1);
    assert.match(stdout, /^the Pulumi program: no known vulnerability/);
    assert.match(
      stderr,
      /^the scoring server: known vulnerabilities in 1 of \d+ production dependencies\n {2}high: sharp <99\.0\.0: Reads what it should not \(https:\S+\)\n$/,
    );
  });

  it("says in one line that a registry has no audit service, and fails", async () => {
    const { code, stdout, stderr } = await audit(405, {});
    const why = `405 Method Not Allowed - POST REGISTRY${bulk}`;
    const mend =
      "nothing was checked; name a registry with npm's audit service: npm_config_registry=URL npm run audit";
    assert.deepEqual([code, stdout], [1, ""]);
    assert.equal(
      stderr,
      `the Pulumi program: ${why}; ${mend}\nthe scoring server: ${why}; ${mend}\n`,
    );
  });
});
