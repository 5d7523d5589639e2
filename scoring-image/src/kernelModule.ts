import { existsSync, readFileSync } from "node:fs";
import path from "node:path";

/**
 * Reads and compiles one of the WebAssembly modules that the build makes beside the bundle.
 * @param name its file's name, for example `imaging.wasm`
 * @throws Error when it has not been built
 */
export function compileKernels(name: string): WebAssembly.Module {
  // The server's bundles lie in dist/ themselves, those of the bench below it; the sources lie beside it.
  const candidates = ["", "..", "../dist"].map((folder) => path.join(__dirname, folder, name));
  const file = candidates.find((candidate) => existsSync(candidate));
  if (!file) throw new Error(`${name} is missing: npm run build makes it`);
  return new WebAssembly.Module(readFileSync(file));
}
