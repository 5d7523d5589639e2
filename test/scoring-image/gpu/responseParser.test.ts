import assert from "node:assert/strict";
import { ResponseParser } from "../../../scoring-image/gpu/load/responseParser";

const answer = (body: string, head = "") =>
  Buffer.from(`HTTP/1.1 200 OK\r\n${head}Content-Length: ${body.length}\r\n\r\n${body}`);

describe("gpu/ the load generator's parser", () => {
  it("reads an answer that comes in one piece", () => {
    const found = new ResponseParser().read(answer("[[1]]"));
    assert.equal(found?.status, 200);
    assert.equal(found.body.toString(), "[[1]]");
    assert.equal(found.isLast, false);
  });

  it("reads answers one after the other, cut anywhere, from memory that is written over", () => {
    const bytes = answer("0123456789", "connection: keep-alive\r\n");
    const parser = new ResponseParser();
    const memory = Buffer.alloc(bytes.length);
    for (let cut = 1; cut < bytes.length; cut++) {
      bytes.copy(memory, 0, 0, cut);
      assert.equal(parser.read(memory.subarray(0, cut)), undefined);
      memory.fill("x");
      const rest = bytes.subarray(cut);
      rest.copy(memory);
      assert.equal(parser.read(memory.subarray(0, rest.length))?.body.toString(), "0123456789");
    }
  });

  it("reads a refusal after which the server closes the connection", () => {
    const text =
      "HTTP/1.1 503 Service Unavailable\r\nconnection: close\r\ncontent-length: 0\r\n\r\n";
    const found = new ResponseParser().read(Buffer.from(text));
    assert.deepEqual(found && [found.status, found.isLast, found.body.length], [503, true, 0]);
  });

  it("refuses what it cannot read", () => {
    const chunked = "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n";
    assert.throws(
      () => new ResponseParser().read(Buffer.from(chunked)),
      /without .*Content-Length/,
    );
    const two = Buffer.concat([answer("a"), answer("b")]);
    assert.throws(() => new ResponseParser().read(two), /more bytes than one answer/);
  });
});
