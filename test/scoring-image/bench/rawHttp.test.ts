import assert from "node:assert/strict";
import { once } from "node:events";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import {
  AnswerParser,
  bodyOf,
  headerOf,
  postBytes,
  RawClient,
} from "../../../scoring-image/bench/rawHttp";
import { until } from "../../support/until";

const head = "HTTP/1.1 200 OK\r\nX-Ms-Run-Fn-Exec-Ms: 9.125\r\nContent-Length: 11\r\n\r\n";
const whole = Buffer.from(`${head}[[0.1,0.9]]`);

/** What a parser makes of bytes that come in pieces of this length. */
function parsed(bytes: Buffer, length: number) {
  const parser = new AnswerParser();
  const answers = [];
  for (let at = 0; at < bytes.length; at += length) {
    const answer = parser.push(bytes.subarray(at, at + length));
    if (answer) answers.push(answer);
  }
  return answers;
}

describe("bench/rawHttp", () => {
  it("puts an answer together, however it was cut", () => {
    for (let length = 1; length <= whole.length; length++) {
      const [answer, ...others] = parsed(whole, length);
      assert.ok(answer && others.length === 0);
      assert.equal(answer.status, 200);
      assert.equal(answer.head, head);
      assert.equal(bodyOf(answer).toString(), "[[0.1,0.9]]");
    }
  });

  it("reads one answer after the other, with and without a body", () => {
    const parser = new AnswerParser();
    const empty = parser.push(Buffer.from("HTTP/1.1 503 Busy\r\ncontent-length: 0\r\n\r\n"));
    assert.deepEqual([empty?.status, empty?.body], [503, []]);
    const next = parser.push(whole);
    assert.equal(next && bodyOf(next).length, 11);
  });

  it("finds headers whatever their case, and only whole ones", () => {
    const [answer] = parsed(whole, whole.length);
    assert.ok(answer);
    assert.equal(headerOf(answer, "x-ms-run-fn-exec-ms"), "9.125");
    assert.equal(headerOf(answer, "length"), undefined);
  });

  it("refuses what it could only guess at", () => {
    const refused = {
      "no length": "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n",
      "another protocol": "HTTP/2 200\r\ncontent-length: 0\r\n\r\n",
    };
    for (const [name, text] of Object.entries(refused)) {
      assert.throws(() => parsed(Buffer.from(text), 1000), /not an answer of HTTP\/1\.1/, name);
    }
    const longer = Buffer.concat([whole, Buffer.from("x")]);
    assert.throws(() => parsed(longer, longer.length), /more bytes came/);
  });

  it("sends requests that node:http understands, over one connection as long as that is kept", async () => {
    let connections = 0;
    const seen: string[] = [];
    const server = createServer((request, response) => {
      let body = "";
      request.on("data", (chunk: Buffer) => (body += chunk.toString()));
      request.on("end", () => {
        seen.push(`${request.method} ${request.url} ${request.headers.authorization} ${body}`);
        if (seen.length === 2) response.setHeader("connection", "close");
        response.statusCode = seen.length === 4 ? 500 : 200;
        response.end(`answer ${seen.length}`);
      });
    });
    server.on("connection", () => connections++);
    server.listen(0, "127.0.0.1");
    await once(server, "listening");
    // A failure must not keep the tests from ending.
    server.unref();
    const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
    const request = postBytes(url, "/score", { authorization: "Bearer k" }, Buffer.from("jpeg"));
    const client = new RawClient(url);
    const answers = [];
    for (let i = 0; i < 3; i++) answers.push(bodyOf(await client.call(request)).toString());
    assert.deepEqual(answers, ["answer 1", "answer 2", "answer 3"]);
    assert.deepEqual(seen, Array(3).fill("POST /score Bearer k jpeg"));
    assert.equal(connections, 2);
    await assert.rejects(client.call(request), /answered HTTP\/1\.1 500 [^]*answer 4$/);
    client.close();
    server.close();
    await until(() => !server.listening);
    await assert.rejects(new RawClient(url).call(request), /ECONNREFUSED/);
  });
});
