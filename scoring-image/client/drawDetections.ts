import sharp from "sharp";
import type { Detection } from "../src/inference/detections";
import { printable } from "./printable";

/** Distinct on photographs and on each other (Okabe and Ito's palette); classes share them in turn. */
const colours = ["#E69F00", "#56B4E9", "#009E73", "#F0E442", "#0072B2", "#D55E00", "#CC79A7"];

const entities: Readonly<Record<string, string>> = {
  "&": "&amp;",
  "<": "&lt;",
  ">": "&gt;",
  '"': "&quot;",
  "'": "&apos;",
};

const escape = (text: string) => text.replace(/[&<>"']/g, (found) => entities[found] ?? found);

/** One box with its caption above it, or inside where there is no room above. */
function drawBox({ label, index, score, box }: Detection, pictureWidth: number): string {
  const size = Math.max(12, Math.round(pictureWidth / 45));
  const colour = colours[index % colours.length] as string;
  const caption = `${printable(label)} ${Math.round(100 * score)} %`;
  // An average glyph of a bold sans-serif is 0.7 of its size wide.
  const width = 0.7 * size * caption.length;
  const height = 1.4 * size;
  const left = Math.max(0, Math.min(box.left, pictureWidth - width));
  const top = box.top >= height ? box.top - height : box.top;
  return `<rect x="${box.left}" y="${box.top}" width="${box.right - box.left}" height="${box.bottom - box.top}"
  fill="none" stroke="${colour}" stroke-width="${Math.max(2, size / 6)}"/>
<rect x="${left}" y="${top}" width="${width}" height="${height}" fill="${colour}"/>
<text x="${left + 0.3 * size}" y="${top + 1.05 * size}" font-family="sans-serif" font-weight="bold"
  font-size="${size}" fill="#000">${escape(caption)}</text>`;
}

/** The boxes as an SVG of the picture's size; the best-scoring one lies on top. */
export function detectionsSvg(
  detections: readonly Detection[],
  size: { readonly width: number; readonly height: number },
): string {
  const boxes = detections.map((detection) => drawBox(detection, size.width)).reverse();
  return `<svg xmlns="http://www.w3.org/2000/svg" width="${size.width}" height="${size.height}">
${boxes.join("\n")}
</svg>`;
}

/**
 * Draws boxes with their labels on a picture, upright as the service sees it.
 * @param picture bytes of a JPEG or PNG
 * @returns the bytes of a PNG
 */
export async function drawDetections(
  picture: Uint8Array,
  detections: readonly Detection[],
): Promise<Buffer> {
  const upright = sharp(picture).rotate().toColourspace("srgb").removeAlpha();
  const { data, info } = await upright.raw().toBuffer({ resolveWithObject: true });
  const { width, height, channels } = info;
  return sharp(data, { raw: { width, height, channels } })
    .composite([{ input: Buffer.from(detectionsSvg(detections, info)) }])
    .removeAlpha()
    .png()
    .toBuffer();
}
