import { corruptJpeg, marker, unsupportedJpeg } from "./jpegMarkers";

/** What a frame header says; ITU-T T.81 B.2.2. */
export interface JpegFrame {
  readonly width: number;
  readonly height: number;
  readonly channels: number;
  readonly isProgressive: boolean;
  readonly isLossless: boolean;
  /** Whether no channel has fewer samples than there are pixels. */
  readonly isFullSize: boolean;
  /** Samples of all channels for a pixel: 3, or 1.5 where the two colour differences are halved both ways. */
  readonly samplesPerPixel: number;
}

/** Start-of-frame markers, DHT, JPG and DAC excepted. */
export const isStartOfFrame = (code: number): boolean =>
  code >= 0xc0 && code <= 0xcf && code !== marker.dht && code !== marker.jpg && code !== marker.dac;

/**
 * Reads the content of a frame header.
 * @param code its marker
 * @throws ScoringError IMAGE_CORRUPT or UNSUPPORTED_FORMAT (other than 8 bits a channel, or of a kind that no decoder here knows)
 */
export function readFrame(view: DataView, code: number, start: number, end: number): JpegFrame {
  refuseUnknownKind(code);
  if (end - start < 6) throw corruptJpeg("its frame header is too short");
  const bits = view.getUint8(start);
  const height = view.getUint16(start + 1);
  const width = view.getUint16(start + 3);
  const channels = view.getUint8(start + 5);
  if (width === 0 || height === 0) throw corruptJpeg("its width or height is 0");
  if (channels === 0 || channels > 4 || channels === 2) {
    throw corruptJpeg(`it has ${channels} colour components`);
  }
  if (end - start < 6 + 3 * channels) throw corruptJpeg("its frame header is too short");
  if (bits !== 8) {
    throw unsupportedJpeg(`The JPEG has ${bits} bits a channel; send one with 8.`);
  }
  return {
    ...{ width, height, channels },
    isProgressive: code === 0xc2 || code === 0xca,
    isLossless: code === 0xc3,
    ...readComponents(view, start + 6, channels),
  };
}

/** SOF5 to 7 and 13 to 15 are hierarchical, SOF11 is lossless with arithmetic coding. */
function refuseUnknownKind(code: number): void {
  if (code === 0xcb) {
    throw unsupportedJpeg(
      "Lossless JPEG with arithmetic coding is not supported; send a baseline or progressive one.",
    );
  }
  if ((code & 7) > 4) refuseHierarchical();
}

export function refuseHierarchical(): never {
  throw unsupportedJpeg("Hierarchical JPEG is not supported; send a baseline or progressive one.");
}

function readComponents(view: DataView, at: number, channels: number) {
  let [across, down, samples] = [1, 1, 0];
  for (let i = 0; i < channels; i++) {
    const factors = view.getUint8(at + 3 * i + 1);
    const [h, v] = [factors >> 4, factors & 15];
    if (h === 0 || v === 0) throw corruptJpeg("a sampling factor is 0");
    across = Math.max(across, h);
    down = Math.max(down, v);
    samples += h * v;
  }
  const samplesPerPixel = samples / (across * down);
  return { samplesPerPixel, isFullSize: samplesPerPixel === channels };
}
