import { ScoringError } from "../errors";

/** JPEG markers used here; ITU-T T.81 table B.1, of JPEG-LS ITU-T T.87. */
export const marker = {
  tem: 0x01,
  dht: 0xc4,
  jpg: 0xc8,
  dac: 0xcc,
  rst0: 0xd0,
  rst7: 0xd7,
  eoi: 0xd9,
  sos: 0xda,
  dhp: 0xde,
  app0: 0xe0,
  app1: 0xe1,
  app2: 0xe2,
  app14: 0xee,
  jpegLs: 0xf7,
  com: 0xfe,
} as const;

/** Whether a marker stands alone, without a segment behind it. */
export const standsAlone = (code: number): boolean =>
  (code >= marker.rst0 && code <= marker.rst7) || code === marker.tem;

export const truncatedJpeg = (): ScoringError =>
  new ScoringError("IMAGE_TRUNCATED", "The JPEG ends inside its header.");

/** @param what is wrong, "it has ..." */
export const corruptJpeg = (what: string): ScoringError =>
  new ScoringError("IMAGE_CORRUPT", `The JPEG is corrupt: ${what}.`);

export const unsupportedJpeg = (message: string): ScoringError =>
  new ScoringError("UNSUPPORTED_FORMAT", message);
