import assert from "node:assert/strict";
import { Ladder } from "../../../scoring-image/src/inference/ladder";

const sizes = [1, 2, 4, 8] as const;
/** Of an H200 with ResNet-50 in float16. */
const costs = [0.6, 0.7, 0.85, 1.12] as const;

describe("inference/ladder", () => {
  it("pads to the next size", () => {
    const ladder = new Ladder(sizes);
    assert.deepEqual(
      [1, 2, 3, 4, 5, 8].map((count) => ladder.sizeOf(count)),
      [1, 2, 4, 4, 8, 8],
    );
  });

  it("runs all that waits where a larger batch costs little more", () => {
    const ladder = new Ladder(sizes, costs);
    assert.deepEqual(
      [1, 3, 6, 7, 8, 100].map((count) => ladder.choose(count)),
      [1, 3, 6, 7, 8, 8],
    );
  });

  it("fills the size below where the next one costs in proportion", () => {
    const ladder = new Ladder(sizes, [1, 2, 4, 8]);
    // Of three, two take 2 ms and one more takes 1; padded to four they would take 4.
    assert.deepEqual(
      [3, 5, 6, 7].map((count) => ladder.choose(count)),
      [2, 4, 4, 4],
    );
  });

  it("runs all that waits while nothing is known of the costs", () => {
    const ladder = new Ladder(sizes);
    assert.deepEqual(
      [3, 5, 7].map((count) => ladder.choose(count)),
      [3, 5, 7],
    );
  });

  it("never takes fewer than the smallest size", () => {
    const ladder = new Ladder([4], [3]);
    assert.deepEqual([ladder.choose(1), ladder.sizeOf(1)], [1, 4]);
  });

  it("learns what a size costs, quickly at first", () => {
    const ladder = new Ladder([1], [2]);
    ladder.learn(1, 4);
    assert.equal(ladder.costOf(1), 3);
    ladder.learn(1, 6);
    assert.equal(ladder.costOf(1), 4);
  });

  it("learns no more of its first run than four times what the warm-up said", () => {
    const ladder = new Ladder([1], [10]);
    ladder.learn(1, 8900);
    assert.equal(ladder.costOf(1), 25);
  });

  it("does not let one slow run of many teach it much", () => {
    const ladder = new Ladder([1], [10]);
    for (let i = 0; i < 40; i++) ladder.learn(1, 10);
    ladder.learn(1, 9000);
    // A sixteenth of the way to four times what was known.
    assert.equal(ladder.costOf(1), 10 + 30 / 16);
  });
});
