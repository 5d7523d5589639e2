/** Part of `npm run verify:conversion`: README's way from a Keras model to a served URL, its own lines. */
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { readFileSync, writeFileSync } from "node:fs";
import path from "node:path";
import { progressOn } from "../../scripts/model/progress";
import { pythonEnvironment } from "../../scripts/model/python";
import { root, samples } from "../support/paths";
import { runScore } from "../support/runScore";
import { killProcesses } from "../support/serverProcess";
import { temporaryFolder } from "../support/temporaryFolder";
import { model, serving } from "./tools";

const section = /## From a Keras model to a URL\n([\s\S]*?)\n## /.exec(
  readFileSync(path.join(root, "README.md"), "utf8"),
)?.[1];

/** The arguments of one of the section's commands, with its folders in another place. */
function argumentsOf(verb: string, folders: Readonly<Record<string, string>>): string[] {
  const [, line = ""] = new RegExp(`npm run model -- (${verb} [^#\\n]+)`).exec(section ?? "") ?? [];
  return line
    .trim()
    .split(/\s+/)
    .map((word) => folders[word] ?? word);
}

describe("README's way from a Keras model to a URL", function () {
  this.timeout(600_000);
  after(killProcesses);

  it("works as it is written", async () => {
    const [, code = ""] = /```python\n([\s\S]*?)```/.exec(section ?? "") ?? [];
    const folder = temporaryFolder("readme");
    const interpreter = await pythonEnvironment("tensorflow", progressOn());
    execFileSync(interpreter, ["-c", code], { cwd: folder, stdio: "ignore" });
    const saved = path.join(folder, "my-model");
    writeFileSync(path.join(saved, "labels.txt"), "cat\ndog\nother\n");
    const made = path.join(folder, "models", "my-model");
    // The first word names the SavedModel, the second the package.
    const convert = argumentsOf("convert", {});
    convert[1] = saved;
    const converted = model(...convert, "--models", path.dirname(made));
    assert.equal(converted.status, 0, converted.said);
    const compared = model(
      ...argumentsOf("verify", { "scoring-image/models/my-model": made, "my-model": saved }),
    );
    assert.equal(compared.status, 0, compared.said);
    const { value } = await serving(made, ({ url }) =>
      runScore(folder, [
        "--url",
        `${url}/score`,
        "--key",
        "none",
        "--top",
        "3",
        path.join(samples, "cat.jpg"),
      ]),
    );
    assert.equal(value.code, 0, value.stderr);
    assert.match(value.stdout, /\bcat +\d+\.\d %/);
    assert.match(value.stdout, /\bother +\d+\.\d %/);
  });
});
