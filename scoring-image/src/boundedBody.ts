/** An HTTP answer whose body is longer than its reader takes. */
export class BodyTooLargeError extends Error {
  override readonly name = "BodyTooLargeError";
}

/**
 * Reads the body of an answer as UTF-8. One that is longer than `most` is given up at once, whatever
 * its Content-Length or its compression say.
 * @param most bytes, counted after decompression
 * @throws BodyTooLargeError
 */
export async function readBounded(answer: Response, most: number): Promise<string> {
  const parts: Uint8Array[] = [];
  let length = 0;
  // Leaving the loop cancels the body, and with it the connection.
  for await (const part of answer.body ?? []) {
    length += part.length;
    if (length > most) throw new BodyTooLargeError(`the answer is longer than ${most} bytes`);
    parts.push(part);
  }
  return Buffer.concat(parts).toString("utf8");
}
