/** EXIF orientation, 1 to 8; 1 is upright. Exif 2.32, tag 0x0112. */
export type Orientation = 1 | 2 | 3 | 4 | 5 | 6 | 7 | 8;

/** What the first bytes of a picture of any format say about it, before anything is decoded. */
interface CommonHeader {
  /** Stored width in pixels, before the orientation is applied. */
  readonly width: number;
  /** Stored height in pixels, before the orientation is applied. */
  readonly height: number;
  /** Channels as stored: 1 grey, 2 grey with alpha, 3 colour, 4 CMYK or colour with alpha. */
  readonly channels: number;
  readonly orientation: Orientation;
  /** Bytes that its decoder holds for a pixel besides the RGB that it makes. */
  readonly bytesPerPixel: number;
  /** Offset in bytes behind which the picture data lies. */
  readonly dataOffset: number;
}

export interface JpegHeader extends CommonHeader {
  readonly format: "jpeg";
  /** ITU-T T.81 annex H; the samples themselves are coded, no blocks. */
  readonly isLossless: boolean;
  /** 1 when its first scan is all of it; else, as in a progressive JPEG, the most scans that it may have. */
  readonly maxScans: number;
  /** Offsets of the marker codes of the segments that hold the ICC profile. */
  readonly profileSegments: readonly number[];
}

export interface PngHeader extends CommonHeader {
  readonly format: "png";
}

/** What the first bytes of a picture say about it, before anything is decoded. */
export type ImageHeader = JpegHeader | PngHeader;
