import assert from "node:assert/strict";
import { FairQueue } from "../../../scoring-image/src/inference/fairQueue";

/** A queue of items named `owner` and a number, pushed in this order. */
function queueOf(...items: readonly string[]): FairQueue<string, string> {
  const queue = new FairQueue<string, string>();
  for (const item of items) queue.push(item.charAt(0), item);
  return queue;
}

describe("inference/fairQueue", () => {
  it("gives each owner its turn", () => {
    const queue = queueOf("a1", "a2", "a3", "a4", "b1", "c1", "c2");
    assert.deepEqual(queue.take(10), ["a1", "b1", "c1", "a2", "c2", "a3", "a4"]);
    assert.equal(queue.length, 0);
  });

  it("is first come, first served among owners of one item", () => {
    assert.deepEqual(queueOf("c1", "a1", "b1").take(2), ["c1", "a1"]);
  });

  it("passes over owners who may not have their turn, and keeps it for them", () => {
    const queue = queueOf("a1", "a2", "b1");
    assert.equal(
      queue.shift((owner) => owner !== "a"),
      "b1",
    );
    assert.deepEqual(queue.take(2), ["a1", "a2"]);
    assert.equal(
      queueOf("a1").shift(() => false),
      undefined,
    );
  });

  it("takes out all that an owner has", () => {
    const queue = queueOf("a1", "b1", "a2");
    assert.deepEqual(queue.remove("a"), ["a1", "a2"]);
    assert.deepEqual(queue.remove("a"), []);
    assert.deepEqual([queue.length, queue.take(5)], [1, ["b1"]]);
  });
});
