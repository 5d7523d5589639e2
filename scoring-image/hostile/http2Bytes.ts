/** The beginning of every HTTP/2 connection; RFC 9113, 3.4. */
export const preface = Buffer.from("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n");

/** Frame types of RFC 9113, section 6. */
export const frameTypes = {
  data: 0,
  headers: 1,
  rstStream: 3,
  settings: 4,
  ping: 6,
  goAway: 7,
  windowUpdate: 8,
  continuation: 9,
} as const;

interface FrameOptions {
  readonly flags?: number;
  readonly stream?: number;
  readonly payload?: Buffer;
  /** What the frame says its payload's length is; that length unless given. */
  readonly length?: number;
}

/** One frame of HTTP/2. */
export function frame(
  type: number,
  { flags = 0, stream = 0, payload = Buffer.alloc(0), length }: FrameOptions = {},
): Buffer {
  const head = Buffer.alloc(9);
  head.writeUIntBE(length ?? payload.length, 0, 3);
  head.writeUInt8(type, 3);
  head.writeUInt8(flags, 4);
  head.writeUInt32BE(stream, 5);
  return Buffer.concat([head, payload]);
}

/** What a client opens an HTTP/2 connection with: the preface and empty settings. */
export const opening = Buffer.concat([preface, frame(frameTypes.settings)]);

/** Largest frame that a server must take unasked, in bytes. */
const maxFrameBytes = 16_384;

const endStream = 0x1;
const endHeaders = 0x4;

/** Header fields without compression; names and values of at most 126 bytes. RFC 7541, 6.2.2. */
export const headerBlock = (fields: Readonly<Record<string, string>>): Buffer =>
  Buffer.concat(
    Object.entries(fields).flatMap(([name, value]) => [
      Buffer.from([0, name.length]),
      Buffer.from(name),
      Buffer.from([value.length]),
      Buffer.from(value),
    ]),
  );

/** One whole gRPC call as frames, for a connection that Node's client would read. */
export function callFrames(
  stream: number,
  path: string,
  message: Buffer,
  fields: Readonly<Record<string, string>> = {},
): Buffer {
  const payload = headerBlock({
    ...{ ":method": "POST", ":scheme": "http", ":path": path, ":authority": "localhost" },
    ...{ "content-type": "application/grpc", te: "trailers" },
    ...fields,
  });
  const frames = [frame(frameTypes.headers, { flags: endHeaders, stream, payload })];
  for (let at = 0; at < message.length; at += maxFrameBytes) {
    const isLast = at + maxFrameBytes >= message.length;
    const part = message.subarray(at, at + maxFrameBytes);
    frames.push(frame(frameTypes.data, { flags: isLast ? endStream : 0, stream, payload: part }));
  }
  return Buffer.concat(frames);
}
