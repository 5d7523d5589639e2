import { decodeImage } from "../../imaging/decode";
import type { ImageHeader } from "../../imaging/imageHeader";
import { Resampler } from "../../imaging/resampler";
import type { ImageTransform, PictureSize } from "../../imaging/transform";
import type { RowData } from "../runtimes/runtime";

/** A row of a batch tensor as decoding makes it. */
export interface DecodedRow {
  /** Valid until the next picture is decoded. */
  readonly data: RowData;
  /** Of the picture, upright. */
  readonly size: PictureSize;
}

/** Makes rows of pictures, one picture at a time. */
export class PictureDecoder {
  readonly #resampler: Resampler;

  /** @param rows the format of the rows */
  constructor(rows: ImageTransform) {
    this.#resampler = new Resampler(rows);
  }

  /** @throws ScoringError IMAGE_TRUNCATED or IMAGE_CORRUPT */
  async decode(bytes: Uint8Array, header: ImageHeader): Promise<DecodedRow> {
    const allocate = (length: number) => this.#resampler.pixelBuffer(length);
    const pixels = await decodeImage(bytes, header, allocate);
    const { width, height } = pixels;
    return { data: this.#resampler.resample(pixels), size: { width, height } };
  }
}
