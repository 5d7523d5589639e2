import assert from "node:assert/strict";
import { once } from "node:events";
import { createServer, type AddressInfo, type Socket } from "node:net";
import { gzipSync } from "node:zlib";
// The server's packages are not those of the root, where the tests live.
import {
  Server,
  ServerCredentials,
  status,
  type sendUnaryData,
} from "../../../scoring-image/node_modules/@grpc/grpc-js";
import { featuresFrom, maxAnswerBytes } from "../../../scoring-image/client/answer";
import { GrpcScoringClient } from "../../../scoring-image/client/grpcScoringClient";
import { HttpScoringClient } from "../../../scoring-image/client/httpScoringClient";
import { withRetries } from "../../../scoring-image/client/retry";
import type { ClientOptions, ScoringClient } from "../../../scoring-image/client/scoringClient";
import { ScoringFailure } from "../../../scoring-image/client/scoringFailure";
import { loadProto, serviceOf } from "../../../scoring-image/src/proto/protos";
import { httpServer } from "../../support/httpServer";
import { plainJpeg } from "../../support/pictures";
import { primaryKey, startService, type RunningService } from "../../support/service";
import { colourClassifier, featurizer, tinyManifest, tinyPackage } from "../../support/tinyModel";

const labels = ["red", "green", "blue"];
const green = plainJpeg([1, 250, 1]);

/** Logits that Predict answers as probabilities, because they have an alias. */
function aliasedClassifier(): string {
  const mean = { name: "mean", dtype: "float32", shape: ["N", 3], kind: "logits", labels };
  return tinyPackage("mean-colour", {
    ...tinyManifest("mean-colour"),
    outputs: [{ ...mean, aliases: ["output_alias"] }],
  });
}

/** A server whose Predict answers as `answer` does. */
async function predictServer(answer: (done: sendUnaryData<unknown>) => void) {
  const server = new Server();
  const definitions = loadProto("tensorflow_serving.proto");
  server.addService(serviceOf(definitions, "tensorflow.serving.PredictionService"), {
    Predict: (_: unknown, done: sendUnaryData<unknown>) => answer(done),
  });
  const port = await new Promise<number>((resolve, reject) =>
    server.bindAsync("127.0.0.1:0", ServerCredentials.createInsecure(), (error, bound) =>
      error ? reject(error) : resolve(bound),
    ),
  );
  return { url: `http://127.0.0.1:${port}`, shutDown: () => server.forceShutdown() };
}

interface Case {
  readonly name: string;
  readonly protocol: string;
  readonly open: (options: ClientOptions) => ScoringClient;
}

const cases: Case[] = [
  { name: "HTTP", protocol: "azureml", open: (options) => new HttpScoringClient(options) },
  {
    name: "gRPC",
    protocol: "tensorflow-grpc",
    open: (options) => new GrpcScoringClient({ ...options, labels }),
  },
];

for (const { name, protocol, open } of cases) {
  describe(`client, ${name}`, () => {
    let running: RunningService;
    let client: ScoringClient | undefined;
    afterEach(() => (client?.close(), running.stop()));

    const start = async (env: Record<string, string>, options: Partial<ClientOptions> = {}) => {
      running = await startService(env);
      client = open({ url: running.url, key: primaryKey, ...options });
      return client;
    };
    /** How often the service answered a call with `code`. */
    const answered = async (code: string) => {
      const text = await (await fetch(`${running.metricsUrl}/metrics`)).text();
      const line = `scoring_requests_total\\{protocol="${protocol}",code="${code}"\\} (\\d+)`;
      return Number(new RegExp(line).exec(text)?.[1] ?? 0);
    };

    it("answers the most probable classes, best first", async () => {
      const scoring = await start({ MODEL_DIR: aliasedClassifier() });
      const { top, ms } = await scoring.score(plainJpeg([250, 249, 1]), 2);
      assert.deepEqual(
        top.map((found) => [found.label, found.index]),
        [
          ["red", 0],
          ["green", 1],
        ],
      );
      assert.ok(ms > 0);
      const [all] = [(await scoring.score(green, 1000)).top];
      assert.equal(all.length, 3);
    });

    it("sends a bad picture once", async () => {
      const scoring = await start({ MODEL_DIR: aliasedClassifier() });
      await assert.rejects(scoring.score(new Uint8Array(40), 1), {
        kind: "badImage",
        code: "NOT_AN_IMAGE",
        retryable: false,
      });
      assert.equal(await answered("NOT_AN_IMAGE"), 1);
    });

    it("calls a refused key refused, and an open service without one", async () => {
      const scoring = await start(
        { MODEL_DIR: colourClassifier("probabilities") },
        { key: "wrong" },
      );
      await assert.rejects(scoring.score(green, 1), { kind: "refused", code: "UNAUTHENTICATED" });
      await running.stop();
      scoring.close();
      const other = await start(
        { MODEL_DIR: colourClassifier("probabilities"), AUTH: "none" },
        { key: undefined },
      );
      assert.equal((await other.score(green, 1)).top[0]?.label, "green");
    });

    it("takes the front end's URI", async () => {
      const scoring = await start({
        MODEL_DIR: colourClassifier("probabilities"),
        SERVICE_NAME: "colours",
      });
      const uri = `${running.url}/api/v1/service/colours/score`;
      const named = open({ url: uri, key: primaryKey });
      assert.equal((await named.score(green, 1)).top[0]?.label, "green");
      named.close();
      const wrong = open({ url: uri.replace("colours", "shapes"), key: primaryKey });
      await assert.rejects(wrong.score(green, 1), { code: "NOT_FOUND", retryable: false });
      wrong.close();
      scoring.close();
    });

    it("says when nothing answers", async () => {
      await start({ MODEL_DIR: colourClassifier("probabilities") });
      const nobody = open({ url: "http://127.0.0.1:1024", attempts: 2, firstPauseMs: 1 });
      await assert.rejects(nobody.score(green, 1), { kind: "unreachable" });
      nobody.close();
    });
  });
}

describe("client, gRPC alone", () => {
  it("refuses to call logits probabilities, and takes its time for no large message", async () => {
    const running = await startService({
      MODEL_DIR: colourClassifier("logits"),
      MAX_BODY_BYTES: "2000",
    });
    const client = new GrpcScoringClient({ url: running.url, key: primaryKey });
    await assert.rejects(client.score(green, 1), {
      code: "NOT_A_CLASSIFIER",
      message: /^mean holds no probabilities/,
    });
    await assert.rejects(client.score(new Uint8Array(4000), 1), {
      kind: "badImage",
      code: "BODY_TOO_LARGE",
      retryable: false,
    });
    client.close();
    await running.stop();
  });
});

describe("client, a service that is not to be trusted", () => {
  it("gets no picture by sending callers on to another host", async () => {
    const other = await httpServer((_, response) => response.end("[[]]"));
    for (const code of [301, 302, 303, 307, 308]) {
      const first = await httpServer((_, response) => {
        response.writeHead(code, { location: `${other.url}/score` }).end();
      });
      const client = new HttpScoringClient({ url: first.url, key: primaryKey });
      await assert.rejects(client.score(green, 1), {
        kind: "unavailable",
        code: "REDIRECTED",
        message: `${first.url} sends callers on to ${other.url}/score, and pictures are not sent after it: if you trust that address, name it as the URL`,
      });
      await first.close();
    }
    assert.deepEqual(other.seen, []);
    await other.close();
  });

  it("is not read beyond 64 MiB, compressed or not", async () => {
    const tooMuch = Buffer.alloc(maxAnswerBytes + 1, " ");
    const answers: [headers: Record<string, string>, body: Buffer][] = [
      [{}, tooMuch],
      [{ "content-encoding": "gzip" }, gzipSync(tooMuch)],
    ];
    for (const [headers, body] of answers) {
      const { url, close } = await httpServer((_, response) => {
        response.writeHead(200, headers).end(body);
      });
      const client = new HttpScoringClient({ url });
      await assert.rejects(client.score(green, 1), {
        kind: "unavailable",
        code: "ANSWER_TOO_LARGE",
        message: `${url}: the answer is longer than 67108864 bytes, which no scoring service's is`,
      });
      await close();
    }
  });

  it("is not read beyond that over gRPC either, and the picture is not blamed", async () => {
    const reply = { outputs: { x: { tensor_content: Buffer.alloc(maxAnswerBytes) } } };
    const { url, shutDown } = await predictServer((done) => done(null, reply));
    const client = new GrpcScoringClient({ url, input: "images", attempts: 1 });
    await assert.rejects(client.score(green, 1), {
      kind: "unavailable",
      code: "RESOURCE_EXHAUSTED",
      retryable: false,
    });
    client.close();
    shutDown();
  });

  const noScores: [what: string, answer: unknown][] = [
    ["no labels", [[{ index: 1, probability: 1 }]]],
    ["labels that are no text", [[{ label: {}, index: 1, probability: 1 }]]],
    ["no list", { label: "x" }],
    ["a list of nothing that is known", [[1, 2]]],
  ];
  for (const [what, answer] of noScores) {
    it(`is told from a scoring service by ${what}`, async () => {
      const { url, close } = await httpServer((_, response) => {
        response.end(JSON.stringify(answer));
      });
      const client = new HttpScoringClient({ url });
      await assert.rejects(client.score(green, 1), { code: "NOT_A_SCORING_SERVICE" });
      await close();
    });
  }

  it("answers no more classes than it was asked for", async () => {
    const classes = [1, 2, 3].map((index) => ({ label: "x", index, probability: 0 }));
    const { url, close } = await httpServer((_, response) => {
      response.end(JSON.stringify([classes]));
    });
    const { top } = await new HttpScoringClient({ url }).score(green, 2);
    assert.deepEqual(top, classes.slice(0, 2));
    await close();
  });
});

describe("client, features", () => {
  for (const withBrightest of [false, true]) {
    it(`answers ${withBrightest ? "several outputs by name" : "one output"}`, async () => {
      const running = await startService({ MODEL_DIR: featurizer(withBrightest) });
      const client = new HttpScoringClient({ url: running.url, key: primaryKey });
      for (const colour of [
        [0, 0, 0],
        [255, 255, 255],
      ] as const) {
        const { top, features } = await client.score(plainJpeg(colour), 5);
        const values = [...colour];
        const expected = [
          { name: withBrightest ? "features" : undefined, shape: [1, 1, 1, 3], values },
          { name: "brightest", shape: [1, 3], values },
        ];
        assert.deepEqual([top, features], [[], expected.slice(0, withBrightest ? 2 : 1)]);
      }
      // The first answer alone is asked for twice.
      const refused = await (await fetch(`${running.metricsUrl}/metrics`)).text();
      assert.match(
        refused,
        /scoring_requests_total\{protocol="azureml",code="INVALID_REQUEST"\} 1/,
      );
      await running.stop();
    });
  }

  it("are refused where rows differ in length, are nested too deep or are no numbers", () => {
    const deep = `${"[".repeat(100_000)}1${"]".repeat(100_000)}`;
    for (const text of ["[[1,2],[3]]", "[[1],[[2]]]", '["1"]', "[{}]", deep, "1", "null", "{"]) {
      assert.equal(featuresFrom(text), undefined, text.slice(0, 20));
    }
    assert.deepEqual(featuresFrom('{"a":[[1.5,null,-2]]}'), [
      { name: "a", shape: [1, 3], values: [1.5, NaN, -2] },
    ]);
  });
});

describe("client, a busy service", () => {
  it("over HTTP is tried again after 503 with Retry-After alone", async () => {
    const busy: [number, Record<string, string>][] = [
      [503, { "retry-after": "0" }],
      [503, { "retry-after": "0" }],
      [503, {}],
      [500, { "retry-after": "0" }],
    ];
    let calls = 0;
    const { url, close } = await httpServer((_, response) => {
      response.writeHead(...(busy[calls++] as (typeof busy)[0])).end();
    });
    const client = new HttpScoringClient({ url, firstPauseMs: 1 });
    await assert.rejects(client.score(green, 1), { code: "HTTP_503", retryable: false });
    assert.equal(calls, 3);
    await assert.rejects(client.score(green, 1), { code: "HTTP_500", retryable: false });
    assert.equal(calls, 4);
    await close();
  });

  it("over gRPC is tried again after UNAVAILABLE and RESOURCE_EXHAUSTED alone", async () => {
    const { UNAVAILABLE, RESOURCE_EXHAUSTED, INTERNAL } = status;
    const codes = [UNAVAILABLE, RESOURCE_EXHAUSTED, INTERNAL];
    let calls = 0;
    const { url, shutDown } = await predictServer((done) =>
      done({ code: codes[calls++] as status, details: "busy" }),
    );
    const client = new GrpcScoringClient({ url, input: "images", firstPauseMs: 1 });
    await assert.rejects(client.score(green, 1), { code: "INTERNAL", retryable: false });
    assert.equal(calls, 3);
    client.close();
    shutDown();
  });

  it("that never answers is left when the time is up", async () => {
    const sockets = new Set<Socket>();
    const silent = createServer((socket) => sockets.add(socket)).listen(0, "127.0.0.1");
    await once(silent, "listening");
    const url = `http://127.0.0.1:${(silent.address() as AddressInfo).port}`;
    for (const [{ open }, code] of [
      [cases[0] as Case, "TIMEOUT"],
      [cases[1] as Case, "DEADLINE_EXCEEDED"],
    ] as const) {
      const client = open({ url, timeoutMs: 100 });
      await assert.rejects(client.score(green, 1), { code, retryable: false });
      client.close();
    }
    for (const socket of sockets) socket.destroy();
    silent.close();
  });
});

describe("client, retries", () => {
  const failing = (calls: number[], retryable: boolean) => (left: number) => {
    calls.push(left);
    return Promise.reject(new ScoringFailure("unavailable", "QUEUE_FULL", "busy", { retryable }));
  };

  it("tries as often as it is told, only what may be tried again", async () => {
    for (const [retryable, expected] of [
      [true, 3],
      [false, 1],
    ] as const) {
      const calls: number[] = [];
      const options = { attempts: 3, firstPauseMs: 1 };
      await assert.rejects(withRetries(failing(calls, retryable), options), { code: "QUEUE_FULL" });
      assert.equal(calls.length, expected);
    }
  });

  it("does not begin a pause that its time does not allow", async () => {
    const calls: number[] = [];
    const options = { attempts: 9, firstPauseMs: 10_000, longestPauseMs: 10_000, timeoutMs: 1000 };
    await assert.rejects(withRetries(failing(calls, true), options), { code: "QUEUE_FULL" });
    assert.equal(calls.length, 1);
  });
});
