import { ScoringError } from "../errors";
import { maxJsonRows, maxJsonValues } from "../limits/bounds";

const code = (character: string) => character.charCodeAt(0);
const [quote, backslash, brace, bracket] = [code('"'), code("\\"), code("{"), code("[")];
const [nan, infinity] = [code("N"), code("I")];

/** @throws ScoringError INVALID_REQUEST */
export function refuse(what: string): never {
  throw new ScoringError("INVALID_REQUEST", `The body's JSON ${what}.`);
}

export const refuseValues = (): never =>
  refuse(`has more than ${maxJsonValues} values besides numbers in arrays`);

/**
 * Refuses a text by its letters, before the parser makes gigabytes of its megabytes.
 * @param bytes UTF-8; it need not be JSON
 * @throws ScoringError INVALID_REQUEST when a parser would make too much of it
 */
export function refuseCrowded(bytes: Uint8Array): void {
  let values = 0;
  let rows = 0;
  for (let i = 0; i < bytes.length; i++) {
    const byte = bytes[i];
    if (byte === quote) {
      i = endOfText(bytes, i + 1);
      values++;
    } else if (byte === brace) values++;
    else if (byte === bracket || byte === nan || byte === infinity) rows++;
  }
  // Each value of an object has a name, which is a text too.
  if (values > 2 * maxJsonValues) refuseValues();
  if (rows > maxJsonRows)
    refuse(`has more than ${maxJsonRows} arrays; send binary tensors instead`);
}

/** Where the quote is that ends a text which begins at `start`; the end of all where it never ends. Linear in the bytes that it passes. */
export function endOfText(bytes: Uint8Array, start: number): number {
  for (let at = start; ;) {
    const end = bytes.indexOf(quote, at);
    if (end < 0) return bytes.length;
    let escapes = end;
    while (escapes > start && bytes[escapes - 1] === backslash) escapes--;
    if ((end - escapes) % 2 === 0) return end;
    at = end + 1;
  }
}
