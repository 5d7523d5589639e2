// Fetches the package with ONNX Runtime's CUDA provider, checks it, and takes the libraries from it:
// node fetchCudaLibraries.mjs URL SHA256 FOLDER; a file: URL names a package that is here already. adm-zip comes with onnxruntime-node, whose installer uses it for the same.
import { createHash } from "node:crypto";
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import path from "node:path";
import AdmZip from "adm-zip";

const [url, expected, folder] = process.argv.slice(2);
if (!folder) throw new Error("usage: node fetchCudaLibraries.mjs URL SHA256 FOLDER");

/** File in the package -> name under which onnxruntime-node's binding looks for it. */
const libraries = [
  [/^onnxruntime\/capi\/libonnxruntime\.so\.\d+\.\d+\.\d+$/, "libonnxruntime.so.1"],
  [
    /^onnxruntime\/capi\/libonnxruntime_providers_shared\.so$/,
    "libonnxruntime_providers_shared.so",
  ],
  [/^onnxruntime\/capi\/libonnxruntime_providers_cuda\.so$/, "libonnxruntime_providers_cuda.so"],
];

async function download() {
  const response = await fetch(url);
  if (!response.ok) throw new Error(`${url} answered ${response.status}`);
  return Buffer.from(await response.arrayBuffer());
}

const bytes = url.startsWith("file:") ? readFileSync(new URL(url)) : await download();
const actual = createHash("sha256").update(bytes).digest("hex");
if (actual !== expected) throw new Error(`${url} has SHA-256 ${actual}; expected ${expected}`);

const zip = new AdmZip(bytes);
mkdirSync(folder, { recursive: true });
for (const [pattern, name] of libraries) {
  const entry = zip.getEntries().find(({ entryName }) => pattern.test(entryName));
  if (!entry) throw new Error(`${url} has no file like ${pattern.source}`);
  writeFileSync(path.join(folder, name), entry.getData(), { mode: 0o644 });
}
