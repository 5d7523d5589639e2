import type { Orientation } from "./imageHeader";

/**
 * Decoded pixels: uint8, three interleaved channels R, G, B, seen upright. The channel c of pixel (x, y) is
 * `data[origin + x * strideX + y * strideY + c]`, so turning or mirroring a picture costs nothing.
 */
export interface Pixels {
  readonly data: Uint8Array;
  readonly width: number;
  readonly height: number;
  readonly origin: number;
  readonly strideX: number;
  readonly strideY: number;
}

/**
 * Views stored pixels upright, by EXIF orientation (Exif 2.32, tag 0x0112).
 * @param data uint8 [height, width, 3] as stored
 */
export function orient(
  data: Uint8Array,
  width: number,
  height: number,
  orientation: Orientation,
): Pixels {
  const [dx, dy] = [3, 3 * width];
  const [right, bottom] = [dx * (width - 1), dy * (height - 1)];
  const upright = { data, width, height };
  const turned = { data, width: height, height: width };
  switch (orientation) {
    case 1:
      return { ...upright, origin: 0, strideX: dx, strideY: dy };
    case 2:
      return { ...upright, origin: right, strideX: -dx, strideY: dy };
    case 3:
      return { ...upright, origin: right + bottom, strideX: -dx, strideY: -dy };
    case 4:
      return { ...upright, origin: bottom, strideX: dx, strideY: -dy };
    case 5:
      return { ...turned, origin: 0, strideX: dy, strideY: dx };
    case 6:
      return { ...turned, origin: bottom, strideX: -dy, strideY: dx };
    case 7:
      return { ...turned, origin: right + bottom, strideX: -dy, strideY: -dx };
    case 8:
      return { ...turned, origin: right, strideX: dy, strideY: -dx };
  }
}

/**
 * Gives every pixel three equal channels.
 * @param grey uint8 [pixels], which may be the last third of `rgb`
 * @param rgb takes uint8 [pixels, 3]
 * @returns `rgb`
 */
export function greyToRgb(grey: Uint8Array, rgb: Uint8Array): Uint8Array {
  for (let i = 0; i < grey.length; i++) {
    const value = grey[i] as number;
    rgb[3 * i] = value;
    rgb[3 * i + 1] = value;
    rgb[3 * i + 2] = value;
  }
  return rgb;
}
