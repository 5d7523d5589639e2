import assert from "node:assert/strict";
import { mkdirSync, writeFileSync } from "node:fs";
import path from "node:path";
import { httpServer } from "../../support/httpServer";
import { plainJpeg } from "../../support/pictures";
import { runScore as score } from "../../support/runScore";
import { primaryKey, startService, type RunningService } from "../../support/service";
import { temporaryFolder } from "../../support/temporaryFolder";
import { colourClassifier, featurizer } from "../../support/tinyModel";

describe("npm run score", () => {
  let running: RunningService;
  let folder: string;
  before(async () => {
    running = await startService({ MODEL_DIR: colourClassifier("probabilities") });
    folder = temporaryFolder("scoring");
    mkdirSync(path.join(folder, "photos"));
    mkdirSync(path.join(folder, "empty"));
    mkdirSync(path.join(folder, ".local"));
    writeFileSync(path.join(folder, "photos", "b-red.jpg"), plainJpeg([250, 1, 1]));
    writeFileSync(path.join(folder, "photos", "a-green.JPG"), plainJpeg([1, 250, 1]));
    writeFileSync(path.join(folder, "photos", "notes.txt"), "no picture");
    const labels = ["red", "green", "blue"];
    const service = { url: running.url, primaryKey, model: "colours", labels, pid: process.pid };
    writeFileSync(path.join(folder, ".local", "service.json"), JSON.stringify(service));
  });
  after(() => running.stop());

  it("finds the local service and prints a table", async () => {
    const { code, stdout } = await score(folder, ["photos/b-red.jpg", "--top", "2"]);
    assert.equal(code, 0);
    assert.match(
      stdout,
      /^photos\/b-red\.jpg {2}\(\d+\.\d ms, of which picture and model \d+\.\d ms\)\n/,
    );
    assert.match(stdout, /\n {2}red {4}100\.0 % {2}█{24}\n {2}(green|blue) +0\.0 % {2}░{24}\n/);
  });

  it("prints JSON for all pictures of a folder, in the order of their names", async () => {
    const { code, stdout } = await score(folder, ["photos", "--json", "--top", "1"]);
    assert.equal(code, 0);
    const entries = JSON.parse(stdout) as {
      file: string;
      top: Record<string, unknown>[];
      ms: number;
    }[];
    assert.deepEqual(
      entries.map(({ file, top }) => [file, Object.keys(top[0] ?? {}), top[0]?.["label"]]),
      [
        ["photos/a-green.JPG", ["label", "index", "probability"], "green"],
        ["photos/b-red.jpg", ["label", "index", "probability"], "red"],
      ],
    );
    for (const { ms } of entries) assert.ok(ms > 0);
  });

  it("calls TensorFlow Serving's Predict with --grpc", async () => {
    const { code, stdout, stderr } = await score(folder, ["--grpc", "--json", "photos"]);
    assert.deepEqual([code, stderr], [0, ""]);
    const entries = JSON.parse(stdout) as { top: { label: string }[] }[];
    assert.deepEqual(
      entries.map(({ top }) => top[0]?.label),
      ["green", "red"],
    );
    const labels = path.join(folder, "labels.txt");
    writeFileSync(labels, "rot\ngrün\nblau\n");
    const german = await score(folder, ["--grpc", "--labels", labels, "photos/b-red.jpg"]);
    assert.match(german.stdout, /^photos\/b-red\.jpg {2}\(\d+\.\d ms\)\n {2}rot +100\.0 %/);
  });

  it("reads standard input", async () => {
    const { code, stdout } = await score(folder, ["--json"], plainJpeg([1, 1, 250]));
    const [entry] = JSON.parse(stdout) as { file: string; top: { label: string }[] }[];
    assert.deepEqual([code, entry?.file, entry?.top[0]?.label], [0, "-", "blue"]);
  });

  it("takes another service by --url and --key", async () => {
    const url = `${running.url}/`;
    const { code } = await score(temporaryFolder("scoring"), [
      "--url",
      url,
      "--key",
      primaryKey,
      path.join(folder, "photos"),
    ]);
    assert.equal(code, 0);
  });

  it("exits with 3 for a bad image, after scoring the others", async () => {
    const { code, stdout, stderr } = await score(folder, ["photos/notes.txt", "photos/b-red.jpg"]);
    assert.equal(code, 3);
    assert.match(stderr, /^photos\/notes\.txt: The body is not a picture/);
    assert.match(stdout, /b-red\.jpg/);
  });

  it("exits with 4 when the key is refused, after the first picture", async () => {
    const { code, stderr } = await score(folder, ["--key", "wrong", "photos"]);
    assert.deepEqual([code, stderr], [4, "photos/a-green.JPG: The key is not valid.\n"]);
  });

  it("exits with 5 when nothing answers", async () => {
    const { code, stderr } = await score(folder, [
      "--url",
      "http://127.0.0.1:1024",
      "photos/b-red.jpg",
    ]);
    assert.equal(code, 5);
    assert.match(stderr, /http:\/\/127\.0\.0\.1:1024 cannot be reached: connect ECONNREFUSED/);
  });

  it("exits with 5 when no local service is noted", async () => {
    const { code, stderr } = await score(temporaryFolder("scoring"), [path.join(folder, "photos")]);
    assert.equal(code, 5);
    assert.match(
      stderr,
      /^No local service is noted in \.local\/service\.json: run npm start first/,
    );
  });

  it("shows shape, norm and first values of features", async () => {
    const features = await startService({ MODEL_DIR: featurizer(true) });
    writeFileSync(path.join(folder, "white.jpg"), plainJpeg([255, 255, 255]));
    const args = ["--url", features.url, "--key", primaryKey, "white.jpg"];
    const table = await score(folder, [...args, "--top", "2"]);
    assert.equal(table.code, 0, table.stderr);
    assert.deepEqual(table.stdout.split("\n").slice(1), [
      "  features [1, 1, 1, 3], norm 441.673: 255 255 ...",
      "  brightest [1, 3], norm 441.673: 255 255 ...",
      "",
      "",
    ]);
    const json = await score(folder, [...args, "--json"]);
    const [entry] = JSON.parse(json.stdout) as { features: object[] }[];
    assert.deepEqual(entry?.features, [
      { name: "features", shape: [1, 1, 1, 3], values: [255, 255, 255] },
      { name: "brightest", shape: [1, 3], values: [255, 255, 255] },
    ]);
    const drawn = await score(folder, [...args, "--draw", "out.png"]);
    assert.equal(drawn.code, 2);
    await features.stop();
  });

  describe("with a service that is not to be trusted", () => {
    let answer: [status: number, body: object];
    let other: Awaited<ReturnType<typeof httpServer>>;
    before(async () => {
      other = await httpServer((_, response) => {
        response.writeHead(answer[0]).end(JSON.stringify(answer[1]));
      });
    });
    after(() => other.close());
    const scoreThere = (...args: string[]) =>
      score(folder, ["--url", other.url, "photos/b-red.jpg", ...args]);
    const attack = "\u001b[2J\u009b31m\r\n\u202ered\u0007\u007f";

    it("prints no control characters of its labels", async () => {
      answer = [200, [[{ label: attack, index: 0, probability: 1e9 }]]];
      const { code, stdout } = await scoreThere();
      const [, row, ...rest] = stdout.split("\n");
      const bar = "█".repeat(24);
      const expected = [0, `  [2J31mred  100000000000.0 %  ${bar}`, ["", ""]];
      assert.deepEqual([code, row, rest], expected);
    });

    it("prints them escaped with --json", async () => {
      answer = [200, [[{ label: attack, index: 0, probability: 1 }]]];
      const { stdout } = await scoreThere("--json");
      assert.match(stdout, /^[ -~]+\n$/);
      const [entry] = JSON.parse(stdout) as { top: { label: string }[] }[];
      assert.equal(entry?.top[0]?.label, attack);
    });

    it("prints no control characters of its errors, and of those no more than a screen", async () => {
      answer = [400, { error: { code: "X", message: `${attack}${"x".repeat(5000)}` } }];
      const { code, stderr } = await scoreThere();
      const kept = "x".repeat(1000 - attack.length);
      assert.deepEqual([code, stderr], [3, `photos/b-red.jpg: [2J31mred${kept}\n`]);
    });

    it("exits with 7 when nothing is found in any picture", async () => {
      answer = [200, [[]]];
      const table = await scoreThere();
      assert.equal(table.code, 7);
      assert.match(table.stdout, /\n {2}nothing found\n\n$/);
      const json = await scoreThere("photos", "--json");
      assert.equal(json.code, 7);
    });
  });

  const mistakes: [args: string[], message: RegExp][] = [
    [["missing.jpg"], /^missing\.jpg does not exist\n/],
    [["empty"], /^empty holds no \.jpg, \.jpeg or \.png file\n/],
    [["--top", "0", "photos"], /^--top is 0: must be 1 to 1000\n/],
    [["--labels", "x", "photos"], /^--labels needs --grpc\n/],
    [["--colour", "photos"], /^Unknown option '--colour'/],
    [["--url", "localhost:5001", "photos"], /^--url is localhost:5001: must begin with http/],
  ];
  for (const [args, message] of mistakes) {
    it(`exits with 2 for ${args.join(" ")}`, async () => {
      const { code, stderr } = await score(folder, args);
      assert.equal(code, 2);
      assert.match(stderr, message);
    });
  }
});
