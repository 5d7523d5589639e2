import assert from "node:assert/strict";
import { once } from "node:events";
import http2 from "node:http2";
import { gzipSync } from "node:zlib";
import { GrpcTestClient, methodOf } from "../../../support/grpcClient";
import { inferMethod } from "../../../support/openInference";
import { authorization, startService, type RunningService } from "../../../support/service";
import { tinyPackage } from "../../../support/tinyModel";
import { until } from "../../../support/until";

const megabyte = 2 ** 20;
const check = methodOf("grpc/health/v1/health.proto", "grpc.health.v1.Health", "Check");
const watch = methodOf("grpc/health/v1/health.proto", "grpc.health.v1.Health", "Watch");
const modelReady = methodOf("open_inference.proto", "inference.GRPCInferenceService", "ModelReady");

/** A message as it is sent, whole unless a length is given that promises more. */
function framed(bytes: Uint8Array, { compressed = false, length = bytes.length } = {}): Buffer {
  const prefix = Buffer.alloc(5);
  prefix[0] = Number(compressed);
  prefix.writeUInt32BE(length, 1);
  return Buffer.concat([prefix, bytes]);
}

describe("protocols/grpc, what callers may take", () => {
  let running: RunningService;
  let session: http2.ClientHttp2Session;
  /** Begins a call; `ended` is its status and message. */
  const begin = (path: string, headers: http2.OutgoingHttpHeaders = {}) => {
    const stream = session.request({
      ...{ ":method": "POST", ":path": path, "content-type": "application/grpc", te: "trailers" },
      ...headers,
    });
    let found: http2.IncomingHttpHeaders = {};
    const note = (some: http2.IncomingHttpHeaders) => (found = { ...found, ...some });
    stream
      .on("response", note)
      .on("trailers", note)
      .on("error", () => undefined)
      .resume();
    const ended = once(stream, "close").then(() => ({
      status: Number(found["grpc-status"]),
      message: decodeURI(String(found["grpc-message"])),
    }));
    return { stream, ended };
  };
  /** Waits until the server has done with the calls that a test has left behind. */
  const untilHealthy = async () => {
    const client = new GrpcTestClient(running.grpcAddress);
    await until(() =>
      client.call(check, { service: "" }).then(
        () => true,
        () => false,
      ),
    );
    client.close();
  };
  const held = () => running.metric("scoring_held_bytes");

  before(async () => {
    running = await startService({
      MODEL_DIR: tinyPackage("mean-colour"),
      MAX_BODY_BYTES: String(megabyte),
      MAX_HELD_BYTES: String(2 * megabyte),
      BODY_TIMEOUT_MS: "2000",
      WRITE_TIMEOUT_MS: "500",
    });
    session = http2.connect(running.url);
  });
  after(async () => {
    session.destroy();
    await running.stop();
  });

  it("refuses a call without a key before its message is there", async () => {
    const { stream, ended } = begin(inferMethod.path);
    stream.write(framed(new Uint8Array(), { length: megabyte }));
    assert.equal((await ended).status, 16);
    assert.equal(await held(), 0);
  });

  it("refuses a message that does not arrive in time, and keeps nothing of it", async () => {
    const { stream, ended } = begin(inferMethod.path, { authorization });
    stream.write(framed(new Uint8Array(500_000), { length: megabyte }));
    await until(async () => (await held()) > 500_000);
    assert.deepEqual(await ended, {
      status: 4,
      message: "The message did not arrive within 2000 ms.",
    });
    await until(async () => (await held()) === 0);
  });

  it("gives a call that says nothing at all no longer", async () => {
    assert.equal((await begin(watch.path).ended).status, 4);
  });

  it("refuses a message by the length that it says of itself", async () => {
    const { stream, ended } = begin(inferMethod.path, { authorization });
    stream.write(framed(new Uint8Array(), { length: megabyte + 1 }));
    assert.deepEqual(await ended, {
      status: 8,
      message: "The message of 1048577 bytes is larger than 1048576 bytes.",
    });
  });

  for (const { path } of [check, watch, modelReady]) {
    it(`takes small messages alone for ${path}, which needs no key`, async () => {
      const { stream, ended } = begin(path);
      stream.write(framed(new Uint8Array(), { length: 4097 }));
      const message = "The message of 4097 bytes is larger than 4096 bytes.";
      assert.deepEqual(await ended, { status: 8, message });
    });
  }

  it("repeats no more than a little of what a caller calls something", async () => {
    const service = "x".repeat(100_000);
    const { stream, ended } = begin(check.path, { "grpc-encoding": "gzip" });
    stream.end(framed(gzipSync(check.requestSerialize({ service })), { compressed: true }));
    assert.deepEqual(await ended, {
      status: 5,
      message: `There is no service "${"x".repeat(200)}" here.`,
    });
    const client = new GrpcTestClient(running.grpcAddress);
    const name = "y".repeat(4000);
    await assert.rejects(client.call(modelReady, { name }), {
      code: 5,
      details: `Servable not found for request: Latest(${"y".repeat(1000)}`.slice(0, 1000) + "...",
    });
    client.close();
  });

  it("makes room for what a message is decompressed to before it is", async () => {
    const uploads = [1, 2].map(() => begin(inferMethod.path, { authorization }));
    for (const { stream } of uploads) {
      stream.write(framed(new Uint8Array(900_000), { length: megabyte }));
    }
    await until(async () => (await held()) > 1_800_000);
    const { stream, ended } = begin(inferMethod.path, { authorization, "grpc-encoding": "gzip" });
    stream.end(framed(gzipSync(Buffer.alloc(900_000)), { compressed: true }));
    const { status, message } = await ended;
    assert.equal(status, 14);
    assert.match(message, /^Too many requests: \d+ bytes of others are being handled already\.$/);
    for (const upload of uploads) upload.stream.close();
    await until(async () => (await held()) === 0);
  });

  it("refuses a second message of a call that takes one", async () => {
    const { stream, ended } = begin(modelReady.path);
    const message = framed(modelReady.requestSerialize({ name: "x" }));
    stream.end(Buffer.concat([message, message]));
    assert.deepEqual(await ended, {
      status: 3,
      message: "This method takes one message, and here are more.",
    });
  });

  const crowds: [what: string, message: Buffer, refusal: string][] = [
    // Field 5, inputs, each without anything.
    ["inputs", Buffer.alloc(2 * 10_001, "2a00", "hex"), "10000 messages, texts and lists"],
    // Field 7, raw contents of no bytes.
    ["contents", Buffer.alloc(2 * 10_001, "3a00", "hex"), "10000 messages, texts and lists"],
    // Field 4, entries of a map.
    ["parameters", Buffer.alloc(2 * 10_001, "2200", "hex"), "10000 messages, texts and lists"],
  ];
  for (const [what, message, refusal] of crowds) {
    it(`refuses too many ${what} before it decodes them`, async () => {
      const { stream, ended } = begin(inferMethod.path, { authorization });
      stream.end(framed(message));
      assert.deepEqual(await ended, {
        status: 3,
        message: `The message has more than ${refusal}.`,
      });
    });
  }

  it("refuses a Predict call with more inputs than it may have", async () => {
    const { stream, ended } = begin("/tensorflow.serving.PredictionService/Predict", {
      authorization,
    });
    // Entries of the map of inputs, each with a name of its own.
    const entry = (i: number) =>
      Buffer.concat([Buffer.from("12060a04", "hex"), Buffer.from(String(1000 + i))]);
    stream.end(
      framed(Buffer.concat(Array.from({ length: 1002 }, (_, i) => entry(i).subarray(0, 8)))),
    );
    assert.deepEqual(await ended, {
      status: 3,
      message: "The request has more than 1000 inputs or filters.",
    });
  });

  it("refuses calls without a key above the bound, which clients may try again, and no others", async () => {
    const sessions = Array.from({ length: 6 }, () => http2.connect(running.url));
    await Promise.all(sessions.map((each) => once(each, "remoteSettings")));
    const headers = { ":method": "POST", ":path": check.path, "content-type": "application/grpc" };
    const open = (each: http2.ClientHttp2Session) => {
      const stream = each.request({ ...headers, te: "trailers" });
      stream.on("error", () => undefined);
      return stream;
    };
    for (const each of sessions.slice(0, 5)) for (let i = 0; i < 100; i++) open(each);
    await new Promise((resolve) => (sessions[4] as http2.ClientHttp2Session).ping(resolve));
    const refused = open(sessions[5] as http2.ClientHttp2Session);
    await new Promise((resolve) => refused.once("close", resolve));
    assert.equal(refused.rstCode, http2.constants.NGHTTP2_REFUSED_STREAM);
    const other = begin(inferMethod.path, { authorization });
    other.stream.end(framed(new Uint8Array()));
    assert.equal((await other.ended).status, 3);
    for (const each of sessions) each.destroy();
    await untilHealthy();
  });

  it("ends a connection that does not take no for an answer", async () => {
    const sessions = Array.from({ length: 6 }, () => http2.connect(running.url));
    await Promise.all(sessions.map((each) => once(each, "remoteSettings")));
    const headers = { ":method": "POST", ":path": check.path, "content-type": "application/grpc" };
    const open = (each: http2.ClientHttp2Session) =>
      each.request({ ...headers, te: "trailers" }).on("error", () => undefined);
    const [last, ...others] = sessions as [http2.ClientHttp2Session, ...typeof sessions];
    for (const each of others) for (let i = 0; i < 100; i++) open(each);
    await Promise.all(others.map((each) => new Promise((resolve) => each.ping(resolve))));
    last.on("error", () => undefined);
    const goaway = once(last, "goaway");
    for (let i = 0; i < 21; i++) open(last);
    assert.equal((await goaway)[0], http2.constants.NGHTTP2_ENHANCE_YOUR_CALM);
    for (const each of sessions) each.destroy();
    await untilHealthy();
  });

  it("tells clients how many calls they may have under way", () => {
    assert.equal(session.remoteSettings.maxConcurrentStreams, 100);
  });

  it("ends a call whose answer is not read", async () => {
    const other = http2.connect(running.url, { settings: { initialWindowSize: 0 } });
    const stream = other.request({
      ...{ ":method": "POST", ":path": check.path, "content-type": "application/grpc" },
      te: "trailers",
    });
    stream.on("error", () => undefined).end(framed(check.requestSerialize({})));
    await once(stream, "close");
    assert.equal(stream.rstCode, http2.constants.NGHTTP2_CANCEL);
    other.destroy();
  });
});
