import assert from "node:assert/strict";
import path from "node:path";
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
    const text = await json.render(["[", { dims: [2, 3000], data, isFloat: true }, "]"]);
    const read = JSON.parse(text.toString()) as number[][][];
    assert.equal(read[0]?.[1]?.[2999], 5999);
    assert.ok(text.toString().startsWith("[[[0.0,1.0,2.0,"));
  });
});
