import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { sequenceOf } from "../../../scoring-image/hostile/fuzz";

const sequences = (seed: number, speaksTls: boolean) =>
  Array.from({ length: 2000 }, (_, index) => sequenceOf(seed, index, speaksTls));

const hash = (value: unknown) => createHash("sha256").update(JSON.stringify(value)).digest("hex");

describe("hostile/fuzz", () => {
  it("repeats itself with the same seed and with no other", () => {
    assert.equal(hash(sequences(7, false)), hash(sequences(7, false)));
    assert.notEqual(hash(sequences(7, false)), hash(sequences(8, false)));
    const first = sequences(7, false).map((sequence) => hash(sequence.steps));
    assert.ok(new Set(first).size > 1500, `only ${new Set(first).size} differ`);
  });

  it("ends connections in every way, begins with TLS only where the server speaks it", () => {
    const clear = sequences(1, false);
    assert.deepEqual([...new Set(clear.map(({ end }) => end))].sort(), ["both", "fin", "rst"]);
    assert.equal(clear.filter(({ tls }) => tls).length, 0);
    const overTls = sequences(1, true).map(({ tls }) => tls);
    for (const protocol of ["h1", "h2"] as const) {
      const count = overTls.filter((one) => one === protocol).length;
      assert.ok(count > 600 && count < 900, `${count} of 2000 over ${protocol}`);
    }
  });
});
