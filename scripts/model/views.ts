import type { Pixels } from "../../scoring-image/src/imaging/pixels";

/** A seeded source of numbers in 0..1 (mulberry32): the same views on every machine. */
export function seededRandom(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

/** A crop of 30 % to 100 % of each side, mirrored half of the time, 0.6 to 1.4 as bright. */
export function randomView(pixels: Pixels, random: () => number): Pixels {
  const width = Math.max(Math.floor(pixels.width * (0.3 + 0.7 * random())), 32);
  const height = Math.max(Math.floor(pixels.height * (0.3 + 0.7 * random())), 32);
  const left = Math.floor(random() * (pixels.width - width + 1));
  const top = Math.floor(random() * (pixels.height - height + 1));
  const mirrored = random() < 0.5;
  const brightness = 0.6 + 0.8 * random();
  const data = new Uint8Array(3 * width * height);
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      const from =
        pixels.origin +
        (left + (mirrored ? width - 1 - x : x)) * pixels.strideX +
        (top + y) * pixels.strideY;
      for (let c = 0; c < 3; c++) {
        data[3 * (y * width + x) + c] = Math.min(
          255,
          Math.floor((pixels.data[from + c] as number) * brightness),
        );
      }
    }
  }
  return { data, width, height, origin: 0, strideX: 3, strideY: 3 * width };
}

/** `each` views of every picture, made as they are asked for. */
export function* viewsOf(
  pictures: readonly Pixels[],
  each: number,
  random: () => number,
): Generator<Pixels> {
  for (const pixels of pictures) {
    for (let i = 0; i < each; i++) yield randomView(pixels, random);
  }
}

const thumbnailSide = 16;
/** Two pictures whose grey thumbnails correlate more than this show one scene. */
const sameScene = 0.95;

function thumbnail({ data, width, height, origin, strideX, strideY }: Pixels): Float64Array {
  const sums = new Float64Array(thumbnailSide ** 2);
  const counts = new Float64Array(thumbnailSide ** 2);
  for (let y = 0; y < height; y++) {
    const row = Math.floor((y * thumbnailSide) / height) * thumbnailSide;
    for (let x = 0; x < width; x++) {
      const cell = row + Math.floor((x * thumbnailSide) / width);
      const at = origin + x * strideX + y * strideY;
      sums[cell] =
        (sums[cell] as number) +
        0.299 * (data[at] as number) +
        0.587 * (data[at + 1] as number) +
        0.114 * (data[at + 2] as number);
      counts[cell] = (counts[cell] as number) + 1;
    }
  }
  const grey = sums.map((sum, i) => sum / Math.max(1, counts[i] as number));
  const mean = grey.reduce((a, b) => a + b, 0) / grey.length;
  const length = Math.sqrt(grey.reduce((a, b) => a + (b - mean) ** 2, 0));
  return grey.map((value) => (value - mean) / Math.max(length, 1e-9));
}

/** How many different scenes pictures show: variants of one picture count once. */
export function countScenes(pictures: readonly Pixels[]): number {
  const scenes: Float64Array[] = [];
  for (const picture of pictures) {
    const small = thumbnail(picture);
    const correlates = (other: Float64Array) =>
      small.reduce((sum, value, i) => sum + value * (other[i] as number), 0) >= sameScene;
    if (!scenes.some(correlates)) scenes.push(small);
  }
  return scenes.length;
}
