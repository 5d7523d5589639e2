import assert from "node:assert/strict";
import { RunTimes } from "../../../scoring-image/src/inference/runTimes";

describe("inference/runTimes", () => {
  it("smooths as RFC 6298 does, with its gains of 1/8 and 1/4", () => {
    const times = new RunTimes();
    assert.equal(times.cautiousMs, undefined);
    times.observe(16);
    assert.equal(times.cautiousMs, 16 + 2 * 8);
    times.observe(32);
    assert.equal(times.cautiousMs, 18 + 2 * 10);
  });
});
