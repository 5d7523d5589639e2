import assert from "node:assert/strict";
import {
  NativeMemory,
  textAt,
  viewOf,
} from "../../../../scoring-image/src/inference/runtimes/onnxRuntime/native/nativeMemory";

describe("inference/runtimes/onnxRuntime native memory", () => {
  it("releases what it owns once, last first", () => {
    const memory = new NativeMemory();
    const released: bigint[] = [];
    for (const handle of [1n, 2n, 3n]) {
      assert.equal(
        memory.adopt(handle, (one) => released.push(one)),
        handle,
      );
    }
    memory.free();
    memory.free();
    assert.deepEqual(released, [3n, 2n, 1n]);
  });

  it("takes over nothing after it has been freed", () => {
    const memory = new NativeMemory();
    memory.free();
    const used = { message: "native memory was used after it had been freed" };
    assert.throws(() => memory.adopt(1n, () => assert.fail("released")), used);
    assert.throws(() => memory.hold(new Uint8Array(1)), used);
  });

  it("releases all although one cannot be, and says so", () => {
    const memory = new NativeMemory();
    const released: bigint[] = [];
    memory.adopt(1n, (one) => released.push(one));
    memory.adopt(2n, () => assert.fail("stuck"));
    assert.throws(() => memory.free(), /stuck/);
    assert.deepEqual(released, [1n]);
  });

  it("knows where memory of ours lies", () => {
    const memory = new NativeMemory();
    const values = Float32Array.of(1, 2, 3);
    const address = memory.hold(values);
    assert.equal(memory.hold(values), address);
    assert.equal(memory.hold(values.subarray(1)), address + 4n);
    assert.deepEqual(new Float32Array(viewOf(address, 12)), values);
    const names = memory.texts(["images", "größe"]);
    const found = [...new BigUint64Array(viewOf(names, 16))].map(textAt);
    assert.deepEqual(found, ["images", "größe"]);
    memory.free();
  });
});
