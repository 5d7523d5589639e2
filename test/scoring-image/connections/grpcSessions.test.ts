import assert from "node:assert/strict";
import { EventEmitter } from "node:events";
import { mock } from "node:test";
import { GrpcSessions } from "../../../scoring-image/src/connections/grpcSessions";

/** Stands for an HTTP/2 connection and notes what is done to it. */
class Session extends EventEmitter {
  readonly done: string[] = [];
  goaway(code: number, lastStream: number): void {
    this.done.push(`goaway ${code} ${lastStream}`);
  }
  close(): void {
    this.done.push("close");
  }
  destroy(): void {
    this.done.push("destroy");
  }
}

describe("connections/grpcSessions", () => {
  beforeEach(() => mock.timers.enable({ apis: ["setTimeout"] }));
  afterEach(() => mock.timers.reset());

  const begin = (session: Session, connectionMaxAgeMs: number) => {
    const sessions = new GrpcSessions({ connectionMaxAgeMs, connectionMaxAgeGraceMs: 5000 });
    sessions.interceptor({} as never, { stream: { session } } as never);
    sessions.interceptor({} as never, { stream: { session } } as never);
  };

  it("announces the end of an old connection a second before it names the last call", () => {
    const session = new Session();
    begin(session, 10_000);
    mock.timers.tick(8900);
    assert.deepEqual(session.done, []);
    mock.timers.tick(2200);
    assert.deepEqual(session.done, ["goaway 0 2147483647"]);
    mock.timers.tick(1000);
    assert.deepEqual(session.done.slice(1), ["close"]);
    mock.timers.tick(5000);
    assert.deepEqual(session.done.slice(2), ["destroy"]);
  });

  it("leaves a connection alone that has ended, and any without a bound", () => {
    const [ended, unbounded] = [new Session(), new Session()];
    begin(ended, 10_000);
    begin(unbounded, 0);
    ended.emit("close");
    mock.timers.tick(100_000);
    assert.deepEqual([ended.done, unbounded.done], [[], []]);
  });
});
