import assert from "node:assert/strict";
import { Doorbell } from "../../../scoring-image/src/inference/threads/doorbell";
import { OrderChannel } from "../../../scoring-image/src/inference/threads/orderChannel";
import { OrderPort, type Carry } from "../../../scoring-image/src/inference/threads/orderPort";

const bounds = { maxOrderBytes: 4_000_000, maxReplyBytes: 4_000_000 };

/** A channel whose other end is served in this thread, by its event loop. */
function channel(slots: number, carry: Carry) {
  const orders = new OrderChannel(new Doorbell(), slots, bounds);
  const port = new OrderPort(orders.memory);
  const served = port.serve(carry, false);
  /** Sends an order and resolves with its reply, the bytes in memory of their own. */
  const call = (value: object, ...data: Uint8Array[]) =>
    new Promise<{ value: unknown; data: Buffer }>((resolve, reject) => {
      const slot = orders.send(value, data, (reply) => {
        if (reply instanceof Error) reject(reply);
        else resolve({ value: reply.value, data: Buffer.from(reply.data) });
      });
      if (slot === undefined) reject(new Error("no room"));
    });
  const close = async () => {
    port.close();
    orders.cancel(0);
    await served;
    orders.abandon(new Error("closed"));
  };
  return { orders, call, close };
}

/** Answers with what it was sent, backwards. */
const mirror: Carry = (value, data) => ({
  value: { got: value },
  data: [Uint8Array.from(data).reverse()],
});

describe("inference/threads/channel", () => {
  it("carries a value and bytes each way", async () => {
    const { call, close } = channel(2, mirror);
    const { value, data } = await call({ a: "ü" }, Uint8Array.of(1, 2), Uint8Array.of(3));
    assert.deepEqual([value, [...data]], [{ got: { a: "ü" } }, [3, 2, 1]]);
    await close();
  });

  it("answers in the order in which it was asked, and takes no more than its slots", async () => {
    const { orders, call, close } = channel(3, mirror);
    const calls = [1, 2, 3].map((n) => call({ n }, new Uint8Array(n).fill(n)));
    assert.equal(orders.hasSlot, false);
    await assert.rejects(call({ n: 4 }), { message: "no room" });
    const replies = await Promise.all(calls);
    assert.deepEqual(
      replies.map(({ data }) => [...data]),
      [[1], [2, 2], [3, 3, 3]],
    );
    await close();
  });

  it("keeps bytes intact through many turns of the ring", async () => {
    const { call, close } = channel(4, mirror);
    for (let turn = 0; turn < 40; turn++) {
      const sizes = [70_001, 3, 40_000 + turn, 0];
      const replies = await Promise.all(
        sizes.map((size, i) => call({ i }, new Uint8Array(size).fill(turn + i))),
      );
      replies.forEach(({ data }, i) => {
        assert.equal(data.length, sizes[i]);
        assert.ok(data.every((byte) => byte === turn + i));
      });
    }
    await close();
  });

  it("grows for an order that is larger than its memory, when no other is in the way", async () => {
    const { orders, call, close } = channel(2, mirror);
    const large = new Uint8Array(1_000_000).fill(7);
    const small = call({}, Uint8Array.of(1));
    await assert.rejects(call({}, large), { message: "no room" });
    await small;
    const { data } = await call({}, large);
    assert.deepEqual([data.length, data[999_999]], [1_000_000, 7]);
    assert.throws(() => orders.send({}, [new Uint8Array(5_000_000)], () => undefined), /the most/);
    await close();
  });

  it("tells the thread that nobody waits for an order any more", async () => {
    const { orders, call, close } = channel(
      1,
      (_value, _data, signal) =>
        new Promise((resolve) =>
          signal.addEventListener("abort", () => resolve({ value: { isGone: true } })),
        ),
    );
    const waiting = call({});
    await new Promise((resolve) => setTimeout(resolve, 20));
    orders.cancel(0);
    assert.deepEqual((await waiting).value, { isGone: true });
    await close();
  });

  it("fails what is under way when the thread has died", async () => {
    const { orders, call } = channel(2, () => new Promise(() => undefined));
    const calls = [call({}), call({})];
    orders.abandon(new Error("dead"));
    for (const one of calls) await assert.rejects(one, { message: "dead" });
  });
});
