/** EXIF orientation, 1 to 8; 1 is upright. Exif 2.32, tag 0x0112. */
export type Orientation = 1 | 2 | 3 | 4 | 5 | 6 | 7 | 8;

/** What the first bytes of a picture say about it, before anything is decoded. */
export interface ImageHeader {
  readonly format: "jpeg" | "png";
  /** Stored width in pixels, before the orientation is applied. */
  readonly width: number;
  /** Stored height in pixels, before the orientation is applied. */
  readonly height: number;
  /** Channels as stored: 1 grey, 3 colour, 4 CMYK or colour with alpha. */
  readonly channels: number;
  readonly orientation: Orientation;
  /** Offset in bytes behind which the picture data lies. */
  readonly dataOffset: number;
}
