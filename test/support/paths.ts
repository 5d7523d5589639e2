import path from "node:path";

export const root = path.join(__dirname, "..", "..");
export const dist = path.join(root, "scoring-image", "dist");
export const fixtures = path.join(root, "test", "fixtures");
export const samples = path.join(root, "samples");
export const bundledModel = path.join(root, "scoring-image", "models", "efficientnet-lite0");
