import type { JpegHeader } from "./imageHeader";
import { marker } from "./jpegMarkers";

/** Offsets from a segment's marker code: its length, and behind "ICC_PROFILE" the chunk's number and the number of chunks. */
const [lengthAt, numberAt, countAt] = [1, 15, 16];

/** Length of a segment whose chunk is empty. */
const emptyLength = 16;

/**
 * A JPEG without the ICC profile that libjpeg-turbo would stumble over. Profiles are not applied, but libjpeg-turbo puts their chunks
 * together and warns of one that is doubled, missing or empty, and a warning counts as corrupt data.
 * @returns `bytes` themselves when the profile is sound or there is none, else a copy whose profile is comments
 */
export function withoutBrokenProfile(bytes: Buffer, { profileSegments }: JpegHeader): Buffer {
  const isSound = profileSegments.every(
    (at, index) =>
      bytes.readUInt16BE(at + lengthAt) > emptyLength &&
      bytes[at + numberAt] === index + 1 &&
      bytes[at + countAt] === profileSegments.length,
  );
  if (isSound) return bytes;
  const copy = Buffer.from(bytes);
  for (const at of profileSegments) copy[at] = marker.com;
  return copy;
}
