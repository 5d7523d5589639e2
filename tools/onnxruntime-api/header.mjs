/** A member of the table: a status function, a release function, or one declared in full. */
const member =
  /ORT_API2_STATUS\(\s*(\w+)|ORT_CLASS_RELEASE2?\(\s*(\w+)\s*\)|ORT_API_T\([^,]*,\s*(\w+)|\(ORT_API_CALL\s*\*\s*(\w+)\)\s*\(/g;

/**
 * Reads `onnxruntime_c_api.h`.
 * @param {string} header its text
 * @returns {{version: number, names: string[]}} the version of the C API and the members of `struct
 * OrtApi` in their order
 */
export function tableOf(header) {
  const version = /^#define ORT_API_VERSION (\d+)$/m.exec(header);
  const struct = /^struct OrtApi \{\n([\s\S]*?)^\};/m.exec(header);
  if (!version || !struct) throw new Error("this is no onnxruntime_c_api.h");
  const code = struct[1]
    .replaceAll(/\/\*[\s\S]*?\*\//g, "")
    .replaceAll(/\/\/.*$/gm, "")
    // Declared in both branches of a condition they would count twice.
    .replaceAll(/^#if[^\n]*\n|^#endif[^\n]*\n/gm, "");
  if (/^#/m.test(code)) throw new Error("struct OrtApi has a condition that this cannot read");
  const names = [...code.matchAll(member)].map(
    ([, status, released, typed, full]) =>
      status ?? typed ?? full ?? `Release${/** @type {string} */ (released)}`,
  );
  return { version: Number(version[1]), names };
}
