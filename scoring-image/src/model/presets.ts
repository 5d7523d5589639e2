import type { ImageTransform } from "../imaging/transform";
import type { ManifestImage } from "./schema";

type Triple = readonly [number, number, number];

interface Preset {
  readonly resize: ImageTransform["resize"];
  readonly kernel: ImageTransform["kernel"];
  readonly mean: Triple;
  readonly scale: Triple;
}

const imagenetStd: Triple = [0.229, 0.224, 0.225];

/**
 * `reference`: preprocess_array of the 2019 Azure ML accelerated models. `torchvision`: Resize(256), CenterCrop(224), Normalize
 * with ImageNet's mean and deviation, as the ONNX Model Zoo's classifiers expect. `stretch`: to the input's size, values -1..1.
 */
const presets: Readonly<Record<ManifestImage["preset"], Preset>> = {
  reference: {
    resize: { to: "shorterSide", pixels: 256, centre: "truncate" },
    kernel: "legacyBilinear",
    mean: [123.68, 116.779, 103.939],
    scale: [1, 1, 1],
  },
  torchvision: {
    resize: { to: "shorterSide", pixels: 256, centre: "round" },
    kernel: "antialiasedBilinear",
    mean: [0.485 * 255, 0.456 * 255, 0.406 * 255],
    scale: imagenetStd.map((std) => 1 / (255 * std)) as unknown as Triple,
  },
  stretch: {
    resize: { to: "stretch" },
    kernel: "legacyBilinear",
    mean: [127.5, 127.5, 127.5],
    scale: [1 / 127.5, 1 / 127.5, 1 / 127.5],
  },
};

const triple = (value: number | number[] | undefined, otherwise: Triple): Triple => {
  if (value === undefined) return otherwise;
  return typeof value === "number" ? [value, value, value] : (value as unknown as Triple);
};

/** Height, width and layout that an input shape [n,3,h,w] or [n,h,w,3] stands for, or undefined for any other. */
export function pictureShape(
  shape: readonly (number | string)[],
): Pick<ImageTransform, "height" | "width" | "layout"> | undefined {
  const [, a, b, c] = shape;
  if (a === 3 && typeof b === "number" && typeof c === "number") {
    return { layout: "NCHW", height: b, width: c };
  }
  if (c === 3 && typeof a === "number" && typeof b === "number") {
    return { layout: "NHWC", height: a, width: b };
  }
  return undefined;
}

/**
 * Fills a manifest's `image` entry from its preset. uint8 inputs get the pixel values as they are.
 * @param size height, width and layout of the input, from `pictureShape`
 */
export function resolveTransform(
  image: ManifestImage,
  size: Pick<ImageTransform, "height" | "width" | "layout">,
  dtype: ImageTransform["dtype"],
): ImageTransform {
  const preset = presets[image.preset];
  const identity = dtype === "uint8";
  const isStretched = image.preserveAspectRatio === false || preset.resize.to === "stretch";
  return {
    ...size,
    dtype,
    order: image.order,
    kernel: preset.kernel,
    resize: isStretched
      ? { to: "stretch" }
      : { ...preset.resize, pixels: image.shorterSide ?? preset.resize.pixels },
    mean: triple(image.mean, identity ? [0, 0, 0] : preset.mean),
    scale: triple(image.scale, identity ? [1, 1, 1] : preset.scale),
  };
}
