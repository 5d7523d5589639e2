import { endOfText } from "./bounds";

/** Marks a token that JSON does not have, while it is parsed as a string. No text of a request begins with it unless it was written so. */
const mark = "\u0000";

/** What the marked texts stand for that take the place of NaN, Infinity and -Infinity. */
export const tokens: ReadonlyMap<unknown, number> = new Map([
  [`${mark}NaN`, NaN],
  [`${mark}Infinity`, Infinity],
  [`${mark}-Infinity`, -Infinity],
]);

const names = ["NaN", "-Infinity", "Infinity"].map((name) => Buffer.from(name));
const firstLetters = new Set(names.map(([letter]) => letter));
const quote = 0x22;
const before = Buffer.from(`"\\u0000`);

/**
 * Quotes and marks the tokens NaN, Infinity and -Infinity of a text that is JSON but for them. It goes through the bytes twice and never back:
 * a regular expression that skips strings takes time that grows with the square of some texts.
 * @param bytes UTF-8; it need not be JSON
 * @returns undefined when there is no such token
 */
export function withTokensQuoted(bytes: Uint8Array): Uint8Array | undefined {
  let count = 0;
  eachToken(bytes, () => count++);
  if (count === 0) return undefined;
  const quoted = new Uint8Array(bytes.length + count * (before.length + 1));
  let [from, to] = [0, 0];
  const copy = (part: Uint8Array) => {
    quoted.set(part, to);
    to += part.length;
  };
  eachToken(bytes, (start, end) => {
    copy(bytes.subarray(from, start));
    copy(before);
    copy(bytes.subarray(start, end));
    quoted[to++] = quote;
    from = end;
  });
  copy(bytes.subarray(from));
  return quoted;
}

/** Tells of each token outside of strings. */
function eachToken(bytes: Uint8Array, tell: (start: number, end: number) => void): void {
  for (let i = 0; i < bytes.length; i++) {
    const byte = bytes[i] as number;
    if (byte === quote) i = endOfText(bytes, i + 1);
    else if (firstLetters.has(byte)) {
      const name = names.find((each) => each.every((letter, at) => bytes[i + at] === letter));
      if (!name) continue;
      tell(i, i + name.length);
      i += name.length - 1;
    }
  }
}
