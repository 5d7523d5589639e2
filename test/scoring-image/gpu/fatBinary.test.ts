import assert from "node:assert/strict";
import { fatEntries, keepArchitecture } from "../../../scoring-image/gpu/bundle/fatBinary";

interface Code {
  readonly kind: number;
  readonly architecture: number;
  readonly code: string;
}

/** An entry as nvcc writes it: a header of 64 bytes, then the code. */
function entryOf({ kind, architecture, code }: Code): Buffer {
  const header = Buffer.alloc(64);
  header.writeUInt16LE(kind, 0);
  header.writeUInt32LE(header.length, 4);
  header.writeBigUInt64LE(BigInt(code.length), 8);
  header.writeUInt32LE(architecture, 28);
  return Buffer.concat([header, Buffer.from(code)]);
}

function fatBinary(...codes: readonly Code[]): Buffer {
  const content = Buffer.concat(codes.map(entryOf));
  const header = Buffer.alloc(16);
  header.writeUInt32LE(0xba55ed50, 0);
  header.writeUInt16LE(1, 4);
  header.writeUInt16LE(header.length, 6);
  header.writeBigUInt64LE(BigInt(content.length), 8);
  return Buffer.concat([header, content]);
}

const elf = (architecture: number, code: string): Code => ({ kind: 2, architecture, code });
const ptx = (architecture: number, code: string): Code => ({ kind: 1, architecture, code });

/** Two fat binaries among other bytes, one of which look like the beginning of a third. */
const library = () =>
  Buffer.concat([
    Buffer.from("before"),
    fatBinary(elf(75, "turing-code"), elf(90, "hopper-code")),
    Buffer.from([0x50, 0xed, 0x55, 0xba]),
    Buffer.from("between which nothing is to be found"),
    fatBinary(elf(90, "more-hopper"), ptx(90, "virtual")),
    Buffer.from("after"),
  ]);

describe("gpu/ fat binaries", () => {
  it("finds the code of every architecture", () => {
    const bytes = library();
    const found = fatEntries(bytes).map(({ isMachineCode, architecture, start, size }) => [
      ...[isMachineCode, architecture, bytes.toString("latin1", start, start + size)],
    ]);
    assert.deepEqual(found, [
      [true, 75, "turing-code"],
      [true, 90, "hopper-code"],
      [true, 90, "more-hopper"],
      [false, 90, "virtual"],
    ]);
  });

  it("overwrites all code but one architecture's, and nothing else", () => {
    const bytes = library();
    assert.equal(keepArchitecture(bytes, 90), "turing-code".length + "virtual".length);
    const expected = library()
      .toString("latin1")
      .replace("turing-code", "\0".repeat(11))
      .replace("virtual", "\0".repeat(7));
    assert.equal(bytes.toString("latin1"), expected);
  });

  it("refuses an architecture that is not there", () => {
    assert.throws(
      () => keepArchitecture(library(), 80),
      /^Error: there is no code for architecture 80, only for 75, 90$/,
    );
  });

  it("takes no fat binary for one that reaches beyond the library", () => {
    const bytes = fatBinary(elf(75, "a"), elf(90, "b"));
    assert.deepEqual(fatEntries(bytes.subarray(0, bytes.length - 1)), []);
  });

  it("stops at an entry that reaches beyond its fat binary", () => {
    const bytes = fatBinary(elf(75, "a"), elf(90, "b"));
    bytes.writeBigUInt64LE(1000n, 16 + 64 + 1 + 8);
    assert.deepEqual(
      fatEntries(bytes).map(({ architecture }) => architecture),
      [75],
    );
  });
});
