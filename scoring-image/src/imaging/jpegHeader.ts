import { ScoringError } from "../errors";
import { maxHeaderSteps, scansAllowed } from "./bounds";
import { hasExifSignature, readOrientation } from "./exif";
import type { JpegHeader, Orientation } from "./imageHeader";
import { isStartOfFrame, readFrame, refuseHierarchical, type JpegFrame } from "./jpegFrame";
import { corruptJpeg, marker, standsAlone, truncatedJpeg, unsupportedJpeg } from "./jpegMarkers";

/** What the segments in front of the first scan say. */
interface Facts {
  frame: JpegFrame | undefined;
  orientation: Orientation | undefined;
  profileSegments: number[];
  hasJfif: boolean;
  /** Adobe's number for how the colours are stored; 0 is RGB or CMYK. */
  adobeTransform: number | undefined;
}

/**
 * Walks a JPEG's marker segments (ITU-T T.81 annex B) up to the header of its first scan. Libraries give either the dimensions or the component
 * count and the orientation, none gives all in one pass.
 * @param maxPixels MAX_PIXELS, which bounds the scans
 * @throws ScoringError IMAGE_TRUNCATED, IMAGE_CORRUPT, UNSUPPORTED_FORMAT (other than 8 bits a channel, or a kind that no decoder here knows),
 *   or IMAGE_TOO_LARGE when it has too many segments
 */
export function readJpegHeader(bytes: Uint8Array, maxPixels: number): JpegHeader {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const facts: Facts = {
    ...{ frame: undefined, orientation: undefined, profileSegments: [] },
    ...{ hasJfif: false, adobeTransform: undefined },
  };
  let at = 2;
  for (let steps = 1; ; steps++) {
    if (steps > maxHeaderSteps) throw tooManySegments();
    if (at + 4 > bytes.length) throw truncatedJpeg();
    const code = bytes[at + 1] as number;
    if (bytes[at] !== 0xff || code === 0) throw corruptJpeg("a marker is missing");
    if (code === 0xff || standsAlone(code)) {
      at += code === 0xff ? 1 : 2;
      continue;
    }
    if (code === marker.eoi) throw corruptJpeg(facts.frame ? "it has no scan" : noFrame);
    const start = at + 4;
    const end = at + 2 + view.getUint16(at + 2);
    if (end < start) throw corruptJpeg("a segment has no length");
    if (end > bytes.length) throw truncatedJpeg();
    if (code === marker.sos) return headerOf(facts, view, start, end, maxPixels);
    note(facts, view, code, start, end);
    at = end;
  }
}

const noFrame = "it has no frame header";

function tooManySegments(): ScoringError {
  return new ScoringError(
    "IMAGE_TOO_LARGE",
    `The JPEG has more than ${maxHeaderSteps} segments in front of its picture data; save it without metadata.`,
  );
}

/** Notes what one segment says. */
function note(facts: Facts, view: DataView, code: number, start: number, end: number): void {
  if (isStartOfFrame(code)) {
    if (facts.frame) throw corruptJpeg("it has two frame headers");
    facts.frame = readFrame(view, code, start, end);
  } else if (code === marker.jpegLs) {
    throw unsupportedJpeg("JPEG-LS is not supported; send JPEG or PNG.");
  } else if (code === marker.dhp) {
    refuseHierarchical();
  } else if (code === marker.app0) {
    facts.hasJfif ||= startsWith(view, start, end, 0x4a464946);
  } else if (code === marker.app1 && hasExifSignature(view, start, end)) {
    // Of several blocks the first counts, as it does for Pillow.
    facts.orientation ??= readOrientation(view, start, end) ?? 1;
  } else if (code === marker.app2 && startsWith(view, start, end, 0x4943435f)) {
    facts.profileSegments.push(start - 3);
  } else if (code === marker.app14 && startsWith(view, start, end, 0x41646f62)) {
    if (end - start >= 12) facts.adobeTransform = view.getUint8(start + 11);
  }
}

/** @param letters the first four, as a big-endian number */
const startsWith = (view: DataView, start: number, end: number, letters: number) =>
  end - start >= 4 && view.getUint32(start) === letters;

function headerOf(
  facts: Facts,
  view: DataView,
  start: number,
  end: number,
  maxPixels: number,
): JpegHeader {
  const { frame, orientation = 1, profileSegments } = facts;
  if (!frame) throw corruptJpeg(noFrame);
  if (end === start) throw corruptJpeg("its scan header is too short");
  const { width, height, channels, isLossless } = frame;
  if (isLossless) refuseLossless(frame, facts);
  const hasManyScans = frame.isProgressive || view.getUint8(start) < channels;
  return {
    format: "jpeg",
    ...{ width, height, channels, orientation, isLossless, profileSegments },
    // With several scans the coefficients of all channels, 16 bits each, wait for the last.
    bytesPerPixel: hasManyScans ? Math.ceil(2 * frame.samplesPerPixel) : channels,
    maxScans: hasManyScans ? scansAllowed(width * height, maxPixels) : 1,
    dataOffset: end,
  };
}

/** libjpeg-turbo decodes lossless samples but does not convert their colours. Without a segment that says otherwise they are RGB. */
function refuseLossless(frame: JpegFrame, { hasJfif, adobeTransform = 0 }: Facts): void {
  const isRgb = frame.channels === 3 && !hasJfif && adobeTransform === 0;
  if (frame.isFullSize && (frame.channels === 1 || isRgb)) return;
  throw unsupportedJpeg(
    "A lossless JPEG is supported in grey or RGB alone; send this one as baseline JPEG or PNG.",
  );
}
