import { Reader } from "protobufjs/minimal";
import { ScoringError } from "../../errors";
import { maxMessageDepth, maxMessageEntries, maxMessageNumbers } from "../../limits/bounds";
import type { MessageSchema, FieldSchema } from "../../proto/messageSchema";

interface Count {
  entries: number;
  numbers: number;
}

/** Wire type of messages, texts, bytes and packed numbers; https://protobuf.dev/programming-guides/encoding/ */
const lengthDelimited = 2;

/**
 * Refuses a message by its wire format, before a decoder makes gigabytes of its megabytes. Linear in the bytes, and it makes nothing of them.
 * @throws ScoringError INVALID_REQUEST when a decoder would make too many values; RangeError or Error when the bytes are not Protocol Buffers
 */
export function refuseCrowdedMessage(bytes: Uint8Array, schema: MessageSchema): void {
  walk(Reader.create(bytes), bytes.length, schema, { entries: 0, numbers: 0 }, 0);
}

function walk(reader: Reader, end: number, schema: MessageSchema, count: Count, depth: number) {
  if (depth > maxMessageDepth) refuse(`is nested more than ${maxMessageDepth} deep`);
  while (reader.pos < end) {
    const tag = reader.uint32();
    const field = schema.get(tag >>> 3);
    if ((tag & 7) === lengthDelimited) walkValue(reader, end, field, count, depth);
    else {
      reader.skipType(tag & 7);
      if (field) add(count, 0, 1);
    }
  }
  if (reader.pos > end) throw new RangeError("a message ends within its last field");
}

function walkValue(
  reader: Reader,
  end: number,
  field: FieldSchema | undefined,
  count: Count,
  depth: number,
): void {
  const length = reader.uint32();
  const stop = reader.pos + length;
  if (stop > end) throw new RangeError("a field ends behind its message");
  if (field) {
    add(count, 1, field.kind === "number" ? length / field.bytes : 0);
    if (field.kind === "message") walk(reader, stop, field.schema, count, depth + 1);
  }
  reader.pos = stop;
}

function add(count: Count, entries: number, numbers: number): void {
  count.entries += entries;
  count.numbers += numbers;
  if (count.entries > maxMessageEntries) {
    refuse(`has more than ${maxMessageEntries} messages, texts and lists`);
  }
  if (count.numbers > maxMessageNumbers) {
    refuse(`has more than ${maxMessageNumbers} numbers in lists; send raw bytes instead`);
  }
}

function refuse(what: string): never {
  throw new ScoringError("INVALID_REQUEST", `The message ${what}.`);
}
