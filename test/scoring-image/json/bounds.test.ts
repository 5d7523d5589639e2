import assert from "node:assert/strict";
import { refuseCrowded } from "../../../scoring-image/src/json/bounds";

const check = (text: string) => refuseCrowded(Buffer.from(text));

describe("json/bounds", () => {
  const many = "has more than 10000 values besides numbers in arrays";
  const rows = "has more than 1500000 arrays";
  const refused: [what: string, text: string, message: string][] = [
    ["objects", "{".repeat(20_001), many],
    ["texts", '"a"'.repeat(20_001), many],
    ["names and values", '{"a":"b"'.repeat(6_667), many],
    ["texts after an escaped quote", `${String.raw`"\\"`}${'""'.repeat(20_000)}`, many],
    ["arrays", "[".repeat(1_500_001), rows],
    ["NaNs", "NaN,".repeat(1_500_001), rows],
    ["infinities", "-Infinity,".repeat(1_500_001), rows],
  ];
  for (const [what, text, message] of refused) {
    it(`refuses too many ${what} without parsing`, () => {
      assert.throws(() => check(text), {
        code: "INVALID_REQUEST",
        message: new RegExp(`^The body's JSON ${message}`),
      });
    });
  }

  it("takes as many as there may be", () => {
    check("{".repeat(20_000));
    check("[".repeat(1_500_000));
  });

  it("counts nothing that stands in a text", () => {
    check(`"${"{[NI".repeat(1_600_000)}"`);
    check(String.raw`"\"${"{".repeat(30_000)}\\\""`);
    check(`"${"{".repeat(30_000)}`);
  });
});
