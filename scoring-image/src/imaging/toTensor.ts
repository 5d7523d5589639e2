import { resizeAntialiasedBilinear } from "./antialiasedBilinear";
import { resizeLegacyBilinear } from "./legacyBilinear";
import type { Pixels } from "./pixels";
import { writerFor, type TensorData } from "./tensorWriter";
import { geometry, type ImageTransform } from "./transform";

const kernels = {
  legacyBilinear: resizeLegacyBilinear,
  antialiasedBilinear: resizeAntialiasedBilinear,
};

/**
 * Resizes, crops and normalises a picture into place `index` of a batch tensor.
 * @param batch float32 or uint8 [n, 3, height, width] or [n, height, width, 3], made by `allocateBatch` for the same transform
 */
export function writePixels(
  transform: ImageTransform,
  pixels: Pixels,
  batch: TensorData,
  index: number,
): void {
  const { width, height, kernel } = transform;
  const cut = geometry(transform, pixels.width, pixels.height);
  kernels[kernel](pixels, cut, width, height, writerFor(transform, batch, index));
}
