// What a picture may cost, besides MAX_PIXELS. `readImageHeader` checks all but the scans on the event loop, before anything is decoded, and takes
// microseconds for the longest body that keeps to `maxHeaderSteps`.

/**
 * Longest side of a picture in pixels, as stored: libjpeg's own bound. A longer row costs libvips dozens of its lines at a time, and a
 * higher picture half a microsecond a row, both for next to no bytes.
 */
export const maxSide = 65_500;

/**
 * Bytes that a decoder may hold for each pixel of MAX_PIXELS besides the RGB that it makes: what 8 bits a channel with alpha take. A picture of
 * 16 bits a channel, or a JPEG whose coefficients wait for its last scan, may have fewer pixels than MAX_PIXELS.
 */
export const decoderBytesPerPixel = 4;

/** Markers and fill bytes of a JPEG in front of its picture data, or chunks of a PNG: 80 MB of them in libpng's usual 8 kB. */
export const maxHeaderSteps = 10_000;

/** Entries of an EXIF directory that are looked through for the orientation; cameras write some dozens. */
export const maxExifEntries = 1_000;

/** Most scans of a JPEG; encoders write ten or so. Each is a pass over the whole picture, however few bytes it has. */
export const maxScans = 100;

/** Scans of a JPEG times its pixels may be so many times MAX_PIXELS: the largest picture may have so many scans. */
export const maxFullSizeScans = 20;

/**
 * Most scans of a JPEG of `pixels`, which `refuseManyScans` counts on a decode thread.
 * @param maxPixels MAX_PIXELS
 */
export const scansAllowed = (pixels: number, maxPixels: number): number =>
  Math.min(maxScans, Math.floor((maxFullSizeScans * maxPixels) / pixels));
