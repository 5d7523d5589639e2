/** How a picture becomes a model's input tensor, every choice spelled out. */
export interface ImageTransform {
  /** Height and width of the input tensor in pixels. */
  readonly height: number;
  readonly width: number;
  /** `shorterSide`: scale so that the shorter side has this many pixels, then crop the centre. `stretch`: ignore the aspect ratio. */
  readonly resize:
    | {
        readonly to: "shorterSide";
        readonly pixels: number;
        readonly centre: "truncate" | "round";
      }
    | { readonly to: "stretch" };
  /**
   * `legacyBilinear`: TensorFlow 1's resize_bilinear without align_corners and without half-pixel centres.
   * `antialiasedBilinear`: Pillow's Image.BILINEAR, which torchvision uses.
   */
  readonly kernel: "legacyBilinear" | "antialiasedBilinear";
  /** Order of the tensor's channels. */
  readonly order: "RGB" | "BGR";
  /** (value - mean) * scale, with value 0..255, for R, G, B in this order whatever `order` says. */
  readonly mean: readonly [number, number, number];
  readonly scale: readonly [number, number, number];
  readonly layout: "NCHW" | "NHWC";
  readonly dtype: "float32" | "uint8" | "float16";
}

/** The part of a picture's resized form that the model sees, in pixels. */
export interface Geometry {
  /** Size to which the whole picture is scaled. */
  readonly resizedWidth: number;
  readonly resizedHeight: number;
  /** Offset of the cut inside the resized picture; its size is the transform's width and height. */
  readonly left: number;
  readonly top: number;
}

/**
 * Where the transform cuts from a picture of the given size.
 * `truncate` follows the reference system's preprocess_array (both sides trunc(side * scale), offsets truncated), `round` torchvision
 * (longer side truncated, offsets rounded half to even).
 */
export function geometry(transform: ImageTransform, width: number, height: number): Geometry {
  const { resize } = transform;
  if (resize.to === "stretch") {
    return { resizedWidth: transform.width, resizedHeight: transform.height, left: 0, top: 0 };
  }
  const [resizedWidth, resizedHeight] = (resize.centre === "truncate" ? scaledSides : exactSides)(
    width,
    height,
    resize.pixels,
  );
  const offset = resize.centre === "truncate" ? Math.trunc : roundHalfToEven;
  return {
    resizedWidth,
    resizedHeight,
    left: offset((resizedWidth - transform.width) / 2),
    top: offset((resizedHeight - transform.height) / 2),
  };
}

/** Width and height in pixels of a picture, upright. */
export interface PictureSize {
  readonly width: number;
  readonly height: number;
}

/** From pixels of the model's input to those of the picture: x = (input x + left) * scaleX, and y likewise. */
export interface PictureFrame {
  readonly left: number;
  readonly top: number;
  readonly scaleX: number;
  readonly scaleY: number;
}

/** Undoes the transform's cut and resize, for coordinates that a model has found in its input. */
export function pictureFrame(transform: ImageTransform, picture: PictureSize): PictureFrame {
  const { left, top, resizedWidth, resizedHeight } = geometry(
    transform,
    picture.width,
    picture.height,
  );
  return {
    left,
    top,
    scaleX: picture.width / resizedWidth,
    scaleY: picture.height / resizedHeight,
  };
}

/** In float32 like the reference's TensorFlow graph: for some pictures the shorter side becomes one pixel less than asked for. */
function scaledSides(width: number, height: number, pixels: number): [number, number] {
  const factor = Math.fround(pixels / Math.min(width, height));
  const scaled = (side: number) => Math.trunc(Math.fround(side * factor));
  return [scaled(width), scaled(height)];
}

/** As torchvision: the shorter side exactly, the longer one truncated. */
function exactSides(width: number, height: number, pixels: number): [number, number] {
  const shorter = Math.min(width, height);
  const scaled = (side: number) => Math.trunc((pixels * side) / shorter);
  return [scaled(width), scaled(height)];
}

/** Python's round(): torchvision's centre crop depends on it for odd margins. */
function roundHalfToEven(value: number): number {
  const floor = Math.floor(value);
  if (value - floor !== 0.5) return Math.round(value);
  return floor % 2 === 0 ? floor : floor + 1;
}
