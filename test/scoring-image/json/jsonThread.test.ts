import assert from "node:assert/strict";
import path from "node:path";
import { mapInTurns } from "../../../scoring-image/src/json/inTurns";
import { JsonThread } from "../../../scoring-image/src/json/jsonThread";
import { isPacked, parsePacked } from "../../../scoring-image/src/json/packed";
import { dist } from "../../support/paths";

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
    assert.deepEqual(await json.parse(bytes(text)), {
      a: [byte, byte, new Uint8Array(), Uint8Array.from(large)],
      b: [{ b64: "AAAAA" }, { b64: "A!AA" }, { b64: "AA==AAAA" }, { b64: 1 }, { b64: "AA", c: 1 }],
    });
  });

  it("writes numbers plainly as JSON.stringify does", async () => {
    const data = Float64Array.of(1, -0, 0.1, 1e21, 1e-7, NaN, Infinity, -Infinity);
    const whole = BigInt64Array.of(5n, -3n);
    const parts = [
      ...['{"a":', { dims: [2, 4], data, numbers: "plain" }, ',"b":'],
      ...[{ dims: [2], data: whole, numbers: "plain" }, "}"],
    ] as const;
    assert.equal(
      (await json.render(parts)).toString(),
      '{"a":[[1,0,0.1,1e+21],[1e-7,null,null,null]],"b":[5,-3]}',
    );
  });

  it("writes floats with a point, and what JSON does not have by name", async () => {
    const data = Float32Array.of(1, 0.5, NaN, Infinity, -Infinity, -2);
    assert.equal(
      (await json.render([{ dims: [6], data, numbers: "float" }])).toString(),
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
    const parsed = (await json.parse(bytes(JSON.stringify({ rows })))) as { rows: unknown };
    assert.ok(isPacked(parsed.rows));
    assert.deepEqual(parsed.rows.dims, [400, 50]);
    assert.deepEqual([...parsed.rows.values.subarray(50, 100)], row);
    await assert.rejects(json.parse(bytes(`[${"1,".repeat(40_000)}`)), {
      code: "INVALID_REQUEST",
      message: /^The body is not JSON: /,
    });
    await assert.rejects(json.parse(bytes("[".repeat(100_000))), { code: "INVALID_REQUEST" });
  });

  it("writes a large tensor in its thread", async () => {
    const data = Float32Array.from({ length: 6000 }, (_, i) => i);
    const text = await json.render(["[", { dims: [2, 3000], data, numbers: "float" }, "]"]);
    const read = JSON.parse(text.toString()) as number[][][];
    assert.equal(read[0]?.[1]?.[2999], 5999);
    assert.ok(text.toString().startsWith("[[[0.0,1.0,2.0,"));
  });
});
