import assert from "node:assert/strict";
import {
  largestRunId,
  RunGate,
} from "../../../../scoring-image/src/inference/runtimes/onnxRuntime/runGate";

/** Leaves, and checks that what ended a run is undone before another one gets in. */
const leave = (gate: RunGate, id: number): boolean => {
  let isUndone = false;
  const ranThrough = gate.leave(id, () => {
    isUndone = true;
    assert.throws(() => gate.enter(id + 1), /a run is in progress/);
  });
  assert.equal(isUndone, !ranThrough);
  return ranThrough;
};

describe("inference/runtimes/onnxRuntime run gate", () => {
  it("ends the run that is inside, and no other", () => {
    const gate = new RunGate();
    const other = new RunGate(gate.memory);
    const ended: number[] = [];
    const end = (id: number) => other.end(id, () => ended.push(id));

    assert.equal(end(1), false);
    gate.enter(1);
    assert.equal(end(2), false);
    assert.equal(leave(gate, 1), true);
    gate.enter(2);
    assert.equal(end(1), false);
    assert.equal(end(2), true);
    assert.equal(leave(gate, 2), false);
    gate.enter(largestRunId);
    assert.equal(leave(gate, largestRunId), true);
    assert.deepEqual(ended, [2]);
  });

  it("lets one run in at a time, and none once it is shut", () => {
    const gate = new RunGate();
    gate.enter(1);
    assert.throws(() => gate.enter(2), /a run is in progress/);
    assert.equal(gate.shut(), false);
    leave(gate, 1);
    assert.equal(gate.shut(), true);
    assert.equal(gate.shut(), true);
    assert.throws(() => new RunGate(gate.memory).enter(2), /the runtime is closed/);
  });

  it("stays open behind a run that has been told to end, until that has left", () => {
    const gate = new RunGate();
    gate.enter(1);
    gate.end(1, () => undefined);
    assert.equal(gate.shut(), false);
    assert.equal(
      gate.end(1, () => assert.fail("it has been ended")),
      false,
    );
    assert.throws(() => gate.enter(2), /a run is in progress/);
    assert.equal(leave(gate, 1), false);
    assert.equal(gate.shut(), true);
  });

  it("is shut for good when the thread of its run has ended", () => {
    const gate = new RunGate();
    gate.enter(1);
    gate.abandon();
    assert.equal(gate.shut(), true);
    assert.throws(() => gate.enter(2), /the runtime is closed/);
  });

  it("refuses numbers that stand for its states", () => {
    for (const id of [0, -1, -2, -3, 2 ** 31 - 1]) {
      assert.throws(() => new RunGate().enter(id), /a run cannot have the number/);
    }
  });
});
