import type { Attack } from "../attack";
import { blackPng, manyScansJpeg } from "../forgedPictures";
import { compressed, post } from "../httpPost";

const refused = ["400", "413", "503"];

/** One picture, so many times at once, each in gzip. */
const picture = (name: string, what: string, count: number, make: () => Buffer): Attack => ({
  ...{ name, what, over: "HTTP", hasKey: true, transports: ["clear"], seconds: 15 },
  ...{ outcomes: refused, refusals: refused },
  run: (wire) => {
    const parts = [compressed(make())];
    return wire.each(count, () => post(wire, { parts, isCompressed: true }));
  },
});

/** 4,000 scans over the largest square that is allowed, for whoever needs something that takes long. */
export const slowPicture = (): Buffer => manyScansJpeg(5000, 4000);

export const pictures: readonly Attack[] = [
  picture("tall PNG", "2 grey PNG of 1 x 25,000,000 pixels", 2, () =>
    blackPng({ width: 1, height: 25_000_000, depth: 8, colours: "grey" }),
  ),
  picture("wide PNG", "2 PNG of 25,000,000 x 1 pixels with four channels of 16 bits", 2, () =>
    blackPng({ width: 25_000_000, height: 1, depth: 16, colours: "rgba" }),
  ),
  picture(
    "many scans",
    "2 progressive JPEG of 5,000 x 5,000 pixels with 4,000 scans",
    2,
    slowPicture,
  ),
];
