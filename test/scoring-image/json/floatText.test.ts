import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import path from "node:path";
import { renderParts, type JsonTensor } from "../../../scoring-image/src/json/render";
import { fixtures } from "../../support/paths";

const render = (tensor: JsonTensor) => renderParts([tensor]).toString();
const flat = (data: Float32Array) => render({ dims: [data.length], data, numbers: "plain" });

const goldenFile = path.join(fixtures, "golden", "floats.json");
const golden = JSON.parse(readFileSync(goldenFile, "utf8")) as [bits: number, text: string][];

describe("json/floatText", () => {
  it("writes the decimals that NumPy finds the shortest", () => {
    const data = new Float32Array(Uint32Array.from(golden, ([bits]) => bits).buffer);
    const texts = flat(data).slice(1, -1).split(",");
    // JavaScript's notation of the same decimal.
    assert.deepEqual(
      texts,
      golden.map(([, text]) => String(Number(text))),
    );
  });

  it("writes what reads back as the same float32, whatever the bits", () => {
    const bits = new Uint32Array(100_000);
    for (let i = 0, state = 1; i < bits.length; i++) {
      state = Math.imul(state, 1664525) + 1013904223;
      bits[i] = state;
    }
    const data = new Float32Array(bits.buffer);
    const read = JSON.parse(flat(data)) as (number | null)[];
    const expected = Array.from(data, (value) => (Number.isFinite(value) ? value + 0 : null));
    assert.deepEqual(
      read.map((value) => (value === null ? value : Math.fround(value))),
      expected,
    );
  });

  const special = Float32Array.of(0, -0, 1, -2.5, 1e15, 1e14, 1e21, NaN, Infinity, -Infinity);
  const forms: [JsonTensor["numbers"], string][] = [
    ["plain", "[0,0,1,-2.5,1000000000000000,100000000000000,1e+21,null,null,null]"],
    ["float", "[0.0,0.0,1.0,-2.5,1000000000000000,100000000000000.0,1e+21,NaN,Infinity,-Infinity]"],
  ];
  for (const [numbers, expected] of forms) {
    it(`writes whole numbers and what JSON does not have in the form ${numbers}`, () => {
      assert.equal(render({ dims: [special.length], data: special, numbers }), expected);
    });
  }

  const nestings: [dims: number[], count: number, expected: string][] = [
    [[], 1, "0.5"],
    [[1], 1, "[0.5]"],
    [[2, 1], 2, "[[0.5],[1.5]]"],
    [[2, 1, 2], 4, "[[[0.5,1.5]],[[2.5,3.5]]]"],
    [[0], 0, "[]"],
    [[2, 0], 0, "[[],[]]"],
  ];
  for (const [dims, count, expected] of nestings) {
    it(`nests [${dims.join(",")}]`, () => {
      const data = Float32Array.from({ length: count }, (_, i) => i + 0.5);
      assert.equal(render({ dims, data, numbers: "plain" }), expected);
    });
  }

  it("goes on within an array that is longer than what is written at a time", () => {
    const data = Float32Array.from({ length: 3 * 5000 }, (_, i) => i / 8);
    const read: unknown = JSON.parse(render({ dims: [3, 5000], data, numbers: "plain" }));
    const rows = [0, 1, 2].map((row) => [...data.subarray(row * 5000, (row + 1) * 5000)]);
    assert.deepEqual(read, rows);
  });

  it("keeps the text around a tensor in its place", () => {
    const data = Float32Array.of(0.1);
    const parts = ['{"ä":', { dims: [1], data, numbers: "plain" as const }, ',"b":1}'];
    assert.equal(renderParts(parts).toString(), '{"ä":[0.1],"b":1}');
  });
});
