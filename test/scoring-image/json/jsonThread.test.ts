import assert from "node:assert/strict";
import { writeFileSync } from "node:fs";
import path from "node:path";
import { mapInTurns } from "../../../scoring-image/src/inTurns";
import { JsonThread } from "../../../scoring-image/src/json/jsonThread";
import { renderParts } from "../../../scoring-image/src/json/render";
import { isPacked, parsePacked } from "../../../scoring-image/src/json/packed";
import { dist } from "../../support/paths";
import { temporaryFolder } from "../../support/temporaryFolder";

/** A caller that waits as long as it takes. */
const patient = { signal: new AbortController().signal, deadline: Infinity };

const bytes = (text: string) => Uint8Array.from(Buffer.from(text));

describe("json", () => {
  const json = new JsonThread(path.join(dist, "jsonWorker.js"));
  after(() => json.close());

  it("packs rectangular arrays of numbers and leaves others", () => {
    const parsed = parsePacked(
      bytes('{"a":[[1,2],[3,4]],"b":[[1],[2,3]],"c":[],"d":["x",1],"e":5}'),
    );
    const packed = (dims: number[], ...values: number[]) => ({
      dims,
      values: Float64Array.from(values),
    });
    assert.deepEqual(parsed, {
      a: packed([2, 2], 1, 2, 3, 4),
      b: [packed([1], 1), packed([2], 2, 3)],
      c: [],
      d: ["x", 1],
      e: 5,
    });
  });

  it("reads the tokens that JSON does not have, but not within strings", () => {
    assert.deepEqual(parsePacked(bytes('{"NaN":"-Infinity \\" NaN","x":[NaN,-Infinity]}')), {
      NaN: '-Infinity " NaN',
      x: { dims: [2], values: Float64Array.of(NaN, -Infinity) },
    });
  });

  it("decodes bytes, large ones in its thread, and leaves what is not base64", async () => {
    const large = Buffer.alloc(40_000, 7);
    const text = JSON.stringify({
      a: [{ b64: "_w" }, { b64: "/w==\n" }, { b64: "" }, { b64: large.toString("base64") }],
      b: [{ b64: "AAAAA" }, { b64: "A!AA" }, { b64: "AA==AAAA" }, { b64: 1 }, { b64: "AA", c: 1 }],
    });
    const byte = Uint8Array.of(255);
    assert.deepEqual(await json.parse(bytes(text), patient), {
      a: [byte, byte, new Uint8Array(), Uint8Array.from(large)],
      b: [{ b64: "AAAAA" }, { b64: "A!AA" }, { b64: "AA==AAAA" }, { b64: 1 }, { b64: "AA", c: 1 }],
    });
  });

  it("decodes the texts of an Open Inference tensor of BYTES, and no others", () => {
    const tensor = (datatype: string, data: unknown) => ({ name: "AAAA", datatype, data });
    const parsed = parsePacked(
      bytes(JSON.stringify([tensor("BYTES", [["_w"], "A!"]), tensor("FP32", ["_w"])])),
    );
    assert.deepEqual(parsed, [
      tensor("BYTES", [[Uint8Array.of(255)], "A!"]),
      tensor("FP32", ["_w"]),
    ]);
  });

  it("takes the names of an object's own methods as any text", () => {
    assert.deepEqual(parsePacked(bytes('["constructor","toString"]')), ["constructor", "toString"]);
  });

  const refused: [what: string, text: string, message: string][] = [
    ["too many values", `[${'"",'.repeat(10_000)}0]`, "has more than 10000 values"],
    ["too many objects", `[${"{},".repeat(10_000)}{}]`, "has more than 10000 values"],
    ["too many ragged rows", `[${"[1],[1,2],".repeat(5000)}[1]]`, "has more than 10000 values"],
    ["what is nested too deep", `${"[".repeat(65)}"a"${"]".repeat(65)}`, "is nested more than 64"],
  ];
  for (const [what, text, message] of refused) {
    it(`refuses ${what}, which would hold up the event loop`, async () => {
      const expected = {
        code: "INVALID_REQUEST",
        message: new RegExp(`^The body's JSON ${message}`),
      };
      await assert.rejects(json.parse(bytes(text), patient), expected);
      await assert.rejects(json.parse(bytes(text + " ".repeat(40_000)), patient), expected);
    });
  }

  it("starts another thread for the text after the one on which it dies", async () => {
    const entry = path.join(temporaryFolder("json"), "worker.js");
    const answer = "parentPort.postMessage({ result: text.length })";
    writeFileSync(
      entry,
      `const { parentPort } = require("node:worker_threads");
      parentPort.on("message", (text) => { if (text[0] === 33) throw new Error("dies"); setTimeout(() => ${answer}, 50); });`,
    );
    const dying = new JsonThread(entry);
    const large = bytes("!".repeat(40_000));
    await assert.rejects(dying.parse(large, patient), {
      message: "The JSON of this request could not be handled; send binary tensors instead.",
    });
    assert.equal(await dying.parse(bytes(" ".repeat(40_000)), patient), 40_000);
    await dying.close();
  });

  /** A thread that takes `!` for ever and answers all else with its length. */
  function stubborn(maxMs?: number): JsonThread {
    const entry = path.join(temporaryFolder("json"), "worker.js");
    writeFileSync(
      entry,
      `const { parentPort } = require("node:worker_threads");
      parentPort.on("message", (text) => { while (text[0] === 33); parentPort.postMessage({ result: text.length }); });`,
    );
    return new JsonThread(entry, maxMs);
  }
  const endless = () => bytes("!".repeat(40_000));
  const quick = () => bytes(" ".repeat(40_000));

  it("ends the thread that takes too long for a text, and goes on with the next", async () => {
    const thread = stubborn(200);
    const first = thread.parse(endless(), patient);
    const second = thread.parse(quick(), patient);
    await assert.rejects(first, { code: "INVALID_REQUEST" });
    assert.equal(await second, 40_000);
    await thread.close();
  });

  it("drops a text at its caller's deadline, whether it waits or is being parsed", async () => {
    const thread = stubborn();
    const soon = (ms: number) => ({ ...patient, deadline: performance.now() + ms });
    const running = thread.parse(endless(), soon(400));
    await assert.rejects(thread.parse(quick(), soon(50)), { code: "DEADLINE_EXCEEDED" });
    const last = thread.parse(quick(), patient);
    await assert.rejects(running, { code: "DEADLINE_EXCEEDED" });
    assert.equal(await last, 40_000);
    await thread.close();
  });

  it("drops the text of a caller that has gone", async () => {
    const thread = stubborn();
    const caller = new AbortController();
    const running = thread.parse(endless(), { ...patient, signal: caller.signal });
    const next = thread.parse(quick(), patient);
    caller.abort();
    await assert.rejects(running, { code: "CANCELLED" });
    assert.equal(await next, 40_000);
    await thread.close();
  });

  it("refuses a text when as many wait as may", async () => {
    const thread = stubborn(300);
    const running = thread.parse(endless(), patient);
    const waiting = Array.from({ length: 64 }, () => thread.parse(quick(), patient));
    await assert.rejects(thread.parse(quick(), patient), {
      code: "QUEUE_FULL",
      message: "Too many requests: 64 large JSON bodies are waiting already.",
    });
    await assert.rejects(running, { code: "INVALID_REQUEST" });
    assert.deepEqual(await Promise.all(waiting), Array<number>(64).fill(40_000));
    await thread.close();
  });

  it("quotes tokens in a time that grows with the text and not with its square", () => {
    const text = (size: number) => bytes(`[NaN,"${'\\"'.repeat(size / 2)}`);
    const timed = (size: number) => {
      const input = text(size);
      const started = performance.now();
      assert.throws(() => parsePacked(input), { code: "INVALID_REQUEST" });
      return performance.now() - started;
    };
    timed(1 << 20);
    // Sixteen times the bytes; with the square it would be 256 times.
    assert.ok(timed(1 << 24) < 64 * timed(1 << 20));
  });

  it("writes numbers plainly as JSON.stringify does", () => {
    const data = Float64Array.of(1, -0, 0.1, 1e21, 1e-7, NaN, Infinity, -Infinity);
    const whole = BigInt64Array.of(5n, -3n);
    const parts = [
      ...['{"a":', { dims: [2, 4], data, numbers: "plain" }, ',"b":'],
      ...[{ dims: [2], data: whole, numbers: "plain" }, "}"],
    ] as const;
    assert.equal(
      renderParts(parts).toString(),
      '{"a":[[1,0,0.1,1e+21],[1e-7,null,null,null]],"b":[5,-3]}',
    );
  });

  it("writes floats with a point, and what JSON does not have by name", () => {
    const data = Float32Array.of(1, 0.5, NaN, Infinity, -Infinity, -2);
    assert.equal(
      renderParts([{ dims: [6], data, numbers: "float" }]).toString(),
      "[1.0,0.5,NaN,Infinity,-Infinity,-2.0]",
    );
  });

  it("maps in turns, in order, and lets others go between", async () => {
    const seen: unknown[] = [];
    setImmediate(() => seen.push("other"));
    const busy = (item: number) => {
      const end = performance.now() + 3;
      while (performance.now() < end);
      seen.push(item);
      return item * 2;
    };
    assert.deepEqual(await mapInTurns([1, 2, 3], busy), [2, 4, 6]);
    assert.deepEqual(seen, [1, "other", 2, 3]);
  });

  it("parses a large text in its thread as it does a small one", async () => {
    const row = Array.from({ length: 50 }, (_, i) => i / 7);
    const rows = Array.from({ length: 400 }, () => row);
    const parsed = (await json.parse(bytes(JSON.stringify({ rows })), patient)) as {
      rows: unknown;
    };
    assert.ok(isPacked(parsed.rows));
    assert.deepEqual(parsed.rows.dims, [400, 50]);
    assert.deepEqual([...parsed.rows.values.subarray(50, 100)], row);
    await assert.rejects(json.parse(bytes(`[${"1,".repeat(40_000)}`), patient), {
      code: "INVALID_REQUEST",
      message: /^The body is not JSON: /,
    });
    await assert.rejects(json.parse(bytes("[".repeat(100_000)), patient), {
      code: "INVALID_REQUEST",
    });
  });
});
