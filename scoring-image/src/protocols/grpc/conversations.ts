import type { ServerDuplexStream } from "@grpc/grpc-js";
import { toScoringError } from "../../errors";
import { statusOf } from "./wire";

/** How the messages of a stream are answered. */
export interface Conversation {
  /** The message that answers one message; what it throws ends the stream. */
  readonly answer: (bytes: Buffer) => unknown;
  /** Told once, at the end. @param code `OK` or the error's */
  readonly end: (code: string) => void;
}

type Call = ServerDuplexStream<Buffer, unknown>;

/** Streams on which each message is answered by one, in order. */
export class Conversations {
  readonly #calls = new Set<Call>();

  /** The implementation of a method that is streaming both ways. */
  handler(conversation: Conversation): (call: Call) => void {
    return (call) => {
      this.#calls.add(call);
      call.once("close", () => this.#calls.delete(call));
      call.once("cancelled", () => this.#calls.delete(call));
      converse(call, conversation);
    };
  }

  /** A stream that its caller leaves open would keep the server from draining. */
  endAll(): void {
    for (const call of this.#calls) call.end();
  }
}

function converse(call: Call, { answer, end }: Conversation): void {
  let isOver = false;
  const finish = (code: string) => {
    if (!isOver) end(code);
    isOver = true;
  };
  const fail = (thrown: unknown) => {
    const error = toScoringError(thrown);
    call.emit("error", statusOf(error));
    finish(error.code);
  };
  call.on("drain", () => call.resume());
  call.on("data", (bytes: Buffer) => {
    if (isOver || call.writableEnded) return;
    try {
      // A caller that asks faster than it reads must not fill the memory.
      if (!call.write(answer(bytes))) call.pause();
    } catch (thrown) {
      fail(thrown);
    }
  });
  call.on("end", () => {
    call.end();
    finish("OK");
  });
}
