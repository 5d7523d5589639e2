import assert from "node:assert/strict";
import { once } from "node:events";
import { createServer, type AddressInfo, type Socket } from "node:net";
// The server's packages are not those of the root, where the tests live.
import {
  Server,
  ServerCredentials,
  status,
  type sendUnaryData,
} from "../../../scoring-image/node_modules/@grpc/grpc-js";
import { GrpcScoringClient } from "../../../scoring-image/client/grpcScoringClient";
import { HttpScoringClient } from "../../../scoring-image/client/httpScoringClient";
import { withRetries } from "../../../scoring-image/client/retry";
import type { ClientOptions, ScoringClient } from "../../../scoring-image/client/scoringClient";
import { ScoringFailure } from "../../../scoring-image/client/scoringFailure";
import { loadProto, serviceOf } from "../../../scoring-image/src/proto/protos";
import { httpServer } from "../../support/httpServer";
import { plainJpeg } from "../../support/pictures";
import { primaryKey, startService, type RunningService } from "../../support/service";
import { colourClassifier, tinyManifest, tinyPackage } from "../../support/tinyModel";

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
      code: "RESOURCE_EXHAUSTED",
      retryable: false,
    });
    client.close();
    await running.stop();
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
    const server = new Server();
    const definitions = loadProto("tensorflow_serving.proto");
    server.addService(serviceOf(definitions, "tensorflow.serving.PredictionService"), {
      Predict: (_: unknown, reply: sendUnaryData<unknown>) =>
        reply({ code: codes[calls++] as status, details: "busy" }),
    });
    const port = await new Promise<number>((resolve, reject) =>
      server.bindAsync("127.0.0.1:0", ServerCredentials.createInsecure(), (error, bound) =>
        error ? reject(error) : resolve(bound),
      ),
    );
    const url = `http://127.0.0.1:${port}`;
    const client = new GrpcScoringClient({ url, input: "images", firstPauseMs: 1 });
    await assert.rejects(client.score(green, 1), { code: "INTERNAL", retryable: false });
    assert.equal(calls, 3);
    client.close();
    server.forceShutdown();
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
