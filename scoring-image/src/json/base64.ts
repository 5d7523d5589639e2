const trailing = new Set([..."= \t\r\n"].map((character) => character.charCodeAt(0)));

/** Bytes of a text in base64 or base64url, with or without padding; undefined when it holds anything else. */
export function decodeBase64(text: string): Uint8Array<ArrayBuffer> | undefined {
  let end = text.length;
  while (end > 0 && trailing.has(text.charCodeAt(end - 1))) end--;
  // Node leaves out what it does not know: a regular expression over megabytes would take longer than the decoding.
  const bytes = Buffer.from(text, "base64");
  if (end % 4 === 1 || bytes.length !== Math.floor((end * 3) / 4)) return undefined;
  // Small buffers share their memory, which then could not be moved to another thread.
  return new Uint8Array(bytes);
}
