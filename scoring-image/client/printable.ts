/** What moves a terminal's cursor, changes its state, begins a line or turns the order of text. */
const unprintable = /[\p{Cc}\p{Zl}\p{Zp}\p{Bidi_Control}]/gu;

/** One line of a terminal from text that somebody else has written: without control characters. */
export const printable = (text: string): string => text.replace(unprintable, "");

/** A value as JSON in one line, with control characters as `\uXXXX`: the same value, harmless to a terminal. */
export const printableJson = (value: unknown): string =>
  JSON.stringify(value).replace(
    unprintable,
    (found) => `\\u${found.charCodeAt(0).toString(16).padStart(4, "0")}`,
  );
