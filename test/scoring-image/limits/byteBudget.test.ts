import assert from "node:assert/strict";
import { ByteBudget } from "../../../scoring-image/src/limits/byteBudget";

describe("limits/byteBudget", () => {
  it("refuses what does not fit beside what others hold, and takes nothing of it", () => {
    const budget = new ByteBudget(100);
    const [first, second] = [budget.lease(), budget.lease()];
    first.add(60);
    assert.throws(() => second.add(41), {
      code: "TOO_MANY_BYTES",
      message: "Too many requests: 60 bytes of others are being handled already.",
    });
    assert.equal(budget.bytes, 60);
    second.add(40);
    assert.equal(budget.bytes, 100);
  });

  it("gets back what a request gives up, and at its end all of it, once", () => {
    const budget = new ByteBudget(100);
    const lease = budget.lease();
    lease.add(90);
    lease.add(-30);
    assert.equal(budget.bytes, 60);
    lease.end();
    lease.end();
    lease.add(50);
    assert.equal(budget.bytes, 0);
  });
});
