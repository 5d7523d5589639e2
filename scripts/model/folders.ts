import path from "node:path";

/** The repository's root. */
export const root = path.join(__dirname, "..", "..");

/** Where model packages are kept; the image is built from here. */
export const modelsFolder = path.join(root, "scoring-image", "models");

/** The photographs that come with the repository. */
export const samplesFolder = path.join(root, "samples");
