/** Packages with native libraries: they cannot be bundled, so the image gets them as they are. */
export const nativePackages = ["onnxruntime-node", "koffi", "sharp", "@julusian/jpeg-turbo"];
