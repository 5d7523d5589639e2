import assert from "node:assert/strict";
import { setTimeout as delay } from "node:timers/promises";
import { readKeys } from "../../../scoring-image/src/security/keyFiles";
import { MountedSecret } from "../../../scoring-image/soak/mountedSecret";
import { plainJpeg } from "../../support/pictures";
import { killProcesses, startProcess } from "../../support/serverProcess";
import { temporaryFolder } from "../../support/temporaryFolder";
import { colourClassifier } from "../../support/tinyModel";

const [old, kept, fresh] = ["old-primary-key", "kept-secondary-key", "fresh-primary-key"];
const settings = { PORT: "0", METRICS_PORT: "0", LANES: "1" };

const filesOf = (secret: MountedSecret) => ({
  PRIMARY_KEY_FILE: secret.path("primaryKey"),
  SECONDARY_KEY_FILE: secret.path("secondaryKey"),
});

describe("security/keyFiles", () => {
  afterEach(killProcesses);

  it("accepts a new first key without a restart, while the second stays valid", async () => {
    const secret = new MountedSecret(temporaryFolder("secret"), {
      primaryKey: `${old}\n`,
      secondaryKey: kept,
    });
    const server = startProcess({
      ...settings,
      ...filesOf(secret),
      MODEL_DIR: colourClassifier("logits"),
    });
    const url = await server.url;
    const status = async (key: string) => {
      const headers = { authorization: `Bearer ${key}` };
      const body = plainJpeg([9, 9, 200]);
      return (await fetch(`${url}/score`, { method: "POST", body, headers })).status;
    };
    assert.deepEqual([await status(old), await status(kept), await status(fresh)], [200, 200, 401]);
    secret.write({ primaryKey: fresh, secondaryKey: kept });
    while ((await status(fresh)) !== 200) await delay(20);
    assert.deepEqual([await status(old), await status(kept)], [401, 200]);
    secret.write({ primaryKey: "short", secondaryKey: kept });
    while (!server.output().includes("the old ones stay valid")) await delay(20);
    assert.deepEqual([await status(fresh), await status(kept)], [200, 200]);
    for (const key of [old, kept, fresh]) assert.ok(!server.output().includes(key));
  });

  it("names variable and file of a key that cannot be used, and not the key", () => {
    const secret = new MountedSecret(temporaryFolder("secret"), {
      primaryKey: "se cret",
      secondaryKey: kept,
    });
    const files = {
      primaryKeyFile: secret.path("primaryKey"),
      secondaryKeyFile: secret.path("secondaryKey"),
    };
    assert.throws(() => readKeys(files), {
      message: `PRIMARY_KEY_FILE is "${files.primaryKeyFile}": the key in it must be 8 to 256 printable characters without spaces`,
    });
    assert.throws(() => readKeys({ ...files, primaryKeyFile: "/nowhere" }), {
      message: 'PRIMARY_KEY_FILE is "/nowhere": it cannot be read (ENOENT)',
    });
  });

  it("does not start without its files", async () => {
    const server = startProcess({ ...settings, PRIMARY_KEY_FILE: "/nowhere" });
    assert.deepEqual(await server.ended, [1, null]);
    assert.equal(server.output(), 'PRIMARY_KEY_FILE is "/nowhere": it cannot be read (ENOENT)\n');
  });
});
