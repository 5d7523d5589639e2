import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import {
  existsSync,
  readdirSync,
  readFileSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import type { ServerResponse } from "node:http";
import path from "node:path";
import { download, type Patience, type Wanted } from "../../../scripts/model/download";
import { CommandFailure } from "../../../scripts/model/failure";
import type { Progress } from "../../../scripts/model/progress";
import { httpServer, type SeenRequest } from "../../support/httpServer";
import { temporaryFolder } from "../../support/temporaryFolder";

const content = Buffer.alloc(300_000);
for (let i = 0; i < content.length; i++) content[i] = (i * 31) % 251;
const sha256 = createHash("sha256").update(content).digest("hex");
const silent: Progress = { step: () => {}, update: () => {}, end: () => {} };
const quick: Patience = { attempts: 3, firstWaitMs: 1, silenceMs: 5000 };

type Answer = (request: SeenRequest, response: ServerResponse) => void;

const whole: Answer = (_request, response) => response.end(content);
const status =
  (code: number): Answer =>
  (_request, response) => {
    response.statusCode = code;
    response.end();
  };
/** The rest that a Range request asks for. */
const rest: Answer = ({ headers }, response) => {
  const from = Number(/^bytes=(\d+)-$/.exec(headers.range ?? "")?.[1] ?? NaN);
  response.statusCode = 206;
  response.setHeader("content-range", `bytes ${from}-${content.length - 1}/${content.length}`);
  response.end(content.subarray(from));
};
describe("the download of a model", () => {
  let target: string;
  beforeEach(() => {
    target = path.join(temporaryFolder("download"), "model.onnx");
  });
  const left = () => readdirSync(path.dirname(target)).sort();

  /** Promises everything and hangs up once 100,000 bytes are on the client's disk: a broken connection takes along what was not read yet. */
  const cut: Answer = (_request, response) => {
    const beginning = content.subarray(0, 100_000);
    response.setHeader("content-length", content.length);
    response.write(beginning);
    const written = () =>
      statSync(`${target}.partial`, { throwIfNoEntry: false })?.size === beginning.length;
    const timer = setInterval(() => written() && response.destroy(), 2);
    response.once("close", () => clearInterval(timer));
  };

  /** Each request gets the next answer, every further one the last. */
  async function run(
    answers: readonly Answer[],
    wanted: Partial<Wanted> = {},
    attempts = quick.attempts,
  ) {
    let next = 0;
    const server = await httpServer((request, response) => {
      (answers[Math.min(next++, answers.length - 1)] as Answer)(request, response);
    });
    try {
      const urls = wanted.urls?.map((url) => server.url + url) ?? [`${server.url}/a.onnx`];
      await download({ bytes: content.length, sha256, ...wanted, urls }, target, silent, {
        ...quick,
        attempts,
      });
      return { seen: server.seen, failure: undefined };
    } catch (failure) {
      assert(failure instanceof CommandFailure, String(failure));
      assert.equal(failure.kind, "download");
      return {
        seen: server.seen,
        failure: failure.message.replaceAll(server.url, "HOST"),
      };
    } finally {
      await server.close();
    }
  }
  const ranges = (seen: readonly SeenRequest[]) => seen.map(({ headers }) => headers.range);

  it("writes the file and nothing beside it", async () => {
    assert.deepEqual(ranges((await run([whole])).seen), [undefined]);
    assert.deepEqual(left(), ["model.onnx"]);
    assert.deepEqual(readFileSync(target), content);
  });

  it("goes on where the connection was cut", async () => {
    assert.deepEqual(ranges((await run([cut, rest])).seen), [undefined, "bytes=100000-"]);
    assert.deepEqual(left(), ["model.onnx"]);
    assert.deepEqual(readFileSync(target), content);
  });

  it("goes on where an earlier run stopped", async () => {
    writeFileSync(`${target}.partial`, content.subarray(0, 77_777));
    assert.deepEqual(ranges((await run([rest])).seen), ["bytes=77777-"]);
    assert.deepEqual(readFileSync(target), content);
  });

  it("begins anew with a server that ignores Range", async () => {
    writeFileSync(`${target}.partial`, content.subarray(0, 77_777));
    await run([whole]);
    assert.deepEqual(readFileSync(target), content);
  });

  it("never shows a file that is cut every time, but keeps what arrived for the next run", async () => {
    const { failure, seen } = await run([cut, status(503), status(503)]);
    assert.equal(seen.length, 3);
    assert.equal(
      failure,
      "model.onnx could not be downloaded. HOST/a.onnx: answered 503. Another address can be set with --mirror or MODEL_MIRRORS",
    );
    assert.deepEqual(left(), ["model.onnx.partial"]);
  });

  it("refuses and removes a file of another hash, without asking again", async () => {
    const other = Buffer.from(content).fill(1);
    const actual = createHash("sha256").update(other).digest("hex");
    const { failure, seen } = await run([(_request, response) => response.end(other)]);
    assert.equal(seen.length, 1);
    assert.match(
      failure ?? "",
      new RegExp(`the file has sha256 ${actual}, not ${sha256}, and was removed`),
    );
    assert.deepEqual(left(), []);
  });

  it("throws away a broken beginning that an earlier run left, once the hash tells", async () => {
    writeFileSync(`${target}.partial`, Buffer.alloc(1000, 9));
    assert.deepEqual(ranges((await run([rest, whole])).seen), ["bytes=1000-", undefined]);
    assert.deepEqual(readFileSync(target), content);
    assert.deepEqual(left(), ["model.onnx"]);
  });

  it("stops reading a file that is longer than it may be", async () => {
    const { failure } = await run([(_request, response) => response.end(Buffer.alloc(400_000))]);
    assert.match(failure ?? "", /sends more than 300000 bytes/);
    assert(!existsSync(target));
  });

  it("tries the next address at once after a 404", async () => {
    const { seen } = await run([status(404), whole], { urls: ["/gone", "/mirror/a.onnx"] });
    assert.deepEqual(
      seen.map(({ url }) => url),
      ["/gone", "/mirror/a.onnx"],
    );
    assert.deepEqual(readFileSync(target), content);
  });

  it("names every address that failed", async () => {
    const { failure } = await run([status(404)], { urls: ["/a", "/b"] });
    assert.match(failure ?? "", /HOST\/a: answered 404; HOST\/b: answered 404\./);
    assert.deepEqual(left(), []);
  });

  it("names an address that failed before another was tried again and again", async () => {
    const { failure } = await run([status(404), status(503)], { urls: ["/a", "/b"] });
    assert.match(failure ?? "", /HOST\/a: answered 404; HOST\/b: answered 503\./);
  });

  it("begins anew where an earlier run left more than the file has", async () => {
    writeFileSync(`${target}.partial`, Buffer.alloc(content.length + 1));
    assert.deepEqual(ranges((await run([whole], {}, 1)).seen), [undefined]);
    assert.deepEqual(readFileSync(target), content);
  });

  it("tries again after 503", async () => {
    assert.equal((await run([status(503), whole])).seen.length, 2);
    assert.deepEqual(readFileSync(target), content);
  });

  it("says that there is no room, and removes what had arrived", async function () {
    if (!existsSync("/dev/full")) this.skip();
    symlinkSync("/dev/full", `${target}.partial`);
    const { failure, seen } = await run([whole]);
    assert.equal(seen.length, 1);
    assert.equal(
      failure,
      `there is no room for model.onnx in ${path.dirname(target)} (ENOSPC); what had arrived was removed`,
    );
    assert.deepEqual(left(), []);
  });
});
