/** Wire type of strings, bytes and messages; https://protobuf.dev/programming-guides/encoding/. */
const lengthDelimited = 2;

/** A whole number below 2^32, as protobuf writes it. */
export function varint(value: number): Buffer {
  const bytes: number[] = [];
  let rest = value >>> 0;
  for (; rest > 127; rest >>>= 7) bytes.push((rest & 127) | 128);
  return Buffer.from([...bytes, rest]);
}

/** A field that holds a string, bytes or a message. */
export function field(number: number, content: Buffer | string): Buffer {
  const bytes = Buffer.from(content);
  return Buffer.concat([varint((number << 3) | lengthDelimited), varint(bytes.length), bytes]);
}

/** The same field without content, so many times: two bytes each. */
export const emptyFields = (number: number, count: number): Buffer =>
  Buffer.alloc(2 * count, field(number, ""));

/** A map with so many different keys, whose values are messages without content. */
export const mapEntries = (number: number, count: number): Buffer =>
  Buffer.concat(
    Array.from({ length: count }, (_, i) =>
      field(number, Buffer.concat([field(1, i.toString(36).padStart(5)), field(2, "")])),
    ),
  );
