import assert from "node:assert/strict";
import { globSync, readFileSync } from "node:fs";
import path from "node:path";
import ts from "typescript";
import { variables } from "../scoring-image/src/contract";
import * as imagingBounds from "../scoring-image/src/imaging/bounds";
import * as bounds from "../scoring-image/src/limits/bounds";
import { namesIn, unknownNames } from "./support/namedTests";
import { root } from "./support/paths";

const read = (file: string) => readFileSync(path.join(root, file), "utf8");
const page = read("docs/limits.md");
const rows = [...page.matchAll(/^\| .+ \| (.+) \| .+ \| (.+) \|$/gm)].slice(1);

/** The server's sources, parsed. */
const sources = globSync("scoring-image/src/**/*.ts", { cwd: root }).map((file) => ({
  file: file.slice("scoring-image/src/".length),
  source: ts.createSourceFile(file, read(file), ts.ScriptTarget.Latest, true),
}));

/** Files with a node that the predicate knows. */
const filesWith = (isOne: (node: ts.Node) => boolean): string[] =>
  sources.filter(({ source }) => contains(source, isOne)).map(({ file }) => file);

const contains = (node: ts.Node, isOne: (node: ts.Node) => boolean): boolean =>
  isOne(node) || (ts.forEachChild(node, (child) => contains(child, isOne)) ?? false);

const isCallOf = (pattern: RegExp) => (node: ts.Node) =>
  ts.isCallExpression(node) && pattern.test(node.expression.getText());

describe("docs/limits.md", () => {
  it("has every constant with its value, and no other", () => {
    const all = Object.entries({ ...bounds, ...imagingBounds }).filter(
      ([, value]) => typeof value === "number",
    );
    const shown = [...page.matchAll(/`(\w+)` = (\d+)/g)].map(([, name, value]) => [
      name,
      Number(value),
    ]);
    assert.deepEqual(shown.sort(), all.sort());
  });

  it("names variables of the server and tests that exist", () => {
    const known = new Set<string>(Object.values(variables));
    const unknown = rows.flatMap(([, bound = "", shown = ""]) => [
      ...[...bound.matchAll(/`([A-Z_]+)`/g)]
        .map(([, name]) => name)
        .filter((name) => !known.has(name as string)),
      ...unknownNames(namesIn(shown)),
    ]);
    assert.deepEqual(unknown, []);
    assert.ok(rows.length > 30, `only ${rows.length} rows`);
  });
});

describe("what callers send", () => {
  it("is inflated in one module alone, which takes a bound", () => {
    const isImport = (node: ts.Node) =>
      ts.isImportDeclaration(node) && /^"(node:)?zlib"$/.test(node.moduleSpecifier.getText());
    assert.deepEqual(filesWith(isImport), ["protocols/readBody.ts"]);
  });

  it("is read from requests and streams in few modules, which count it", () => {
    const isReading = (node: ts.Node) =>
      isCallOf(/\.(on|once|prependListener)$/)(node) &&
      (node as ts.CallExpression).arguments[0]?.getText() === '"data"';
    assert.deepEqual(
      filesWith(isReading).sort(),
      [
        // Messages of a stream, which the gate has counted.
        "protocols/grpc/conversations.ts",
        "protocols/grpc/arrival.ts",
        // What an entry script prints.
        "scripting/scriptThread.ts",
        // What is discarded.
        "protocols/exchange.ts",
        "protocols/readBody.ts",
      ].sort(),
    );
  });

  it("is decoded as Protocol Buffers in few modules, after it has been counted", () => {
    assert.deepEqual(filesWith(isCallOf(/^Reader\.create$|requestDeserialize$/)).sort(), [
      "protocols/grpc/crowding.ts",
      "protocols/grpc/messages.ts",
      "protocols/tensorflow/inputValues.ts",
      "protocols/tensorflow/predictMessages.ts",
    ]);
  });

  it("is parsed as JSON in one module, whose bounds come first", () => {
    const parsers = filesWith(isCallOf(/^JSON\.parse$/));
    // The others parse what the server itself or its files say.
    assert.deepEqual(parsers.filter((file) => /^(protocols|json)\//.test(file)).sort(), [
      "json/packed.ts",
      "protocols/tensorflow/restAnswer.ts",
    ]);
  });
});

/** Texts that a pattern may be slow on: each of its own characters repeated, with another before and one behind. */
function* hardTexts(pattern: string, length: number): Generator<string> {
  const own = [...new Set(pattern.replace(/\\[a-zA-Z]|\(\?[:=!<]/g, ""))].filter((c) =>
    /[\w\s:/."-]/.test(c),
  );
  const atoms = [...new Set([...own.slice(0, 8), "a", "1", " ", "/", ":"])];
  for (const start of ["", "bearer ", "/v1/models/", ...atoms.slice(0, 4)]) {
    for (const atom of atoms) {
      for (const end of ["", "!", "\n"]) yield start + atom.repeat(length) + end;
    }
  }
}

describe("regular expressions of the server", () => {
  const patterns = sources.flatMap(({ file, source }) => {
    const found: [file: string, pattern: RegExp][] = [];
    const visit = (node: ts.Node): void => {
      if (ts.isRegularExpressionLiteral(node)) {
        const [, text = "", flags = ""] = /^\/(.*)\/(\w*)$/s.exec(node.text) ?? [];
        found.push([file, new RegExp(text, flags.replace("g", ""))]);
      }
      ts.forEachChild(node, visit);
    };
    visit(source);
    return found;
  });

  /** Milliseconds for the hardest text, or for the first that takes `enough`. */
  const slowest = (pattern: RegExp, length: number, enough = Infinity) => {
    let most = 0;
    for (const text of hardTexts(pattern.source, length)) {
      const started = performance.now();
      pattern.test(text);
      most = Math.max(most, performance.now() - started);
      if (most > enough) break;
    }
    return most;
  };

  /** Sixty-four times the text; with the square it would be 4096 times. What is too quick to be timed is quick. */
  const isSlowOnce = (pattern: RegExp) => {
    const bound = 256 * Math.max(slowest(pattern, 1 << 9), 0.1);
    return slowest(pattern, 1 << 15, bound) > bound;
  };
  /** A busy machine makes anything slow now and then. */
  const isSlow = (pattern: RegExp) => [1, 2, 3].every(() => isSlowOnce(pattern));

  it("take a time that grows with the text and not with its square", () => {
    assert.ok(patterns.length > 20);
    assert.deepEqual(
      patterns.filter(([, pattern]) => isSlow(pattern)),
      [],
    );
  });

  it("would be found if they did", () => {
    assert.ok(isSlow(/a+b/));
  });
});
