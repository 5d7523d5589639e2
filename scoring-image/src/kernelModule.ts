import { existsSync, readFileSync } from "node:fs";
import path from "node:path";

/**
 * Reads and compiles one of the WebAssembly modules that the build makes beside the bundle.
 * @param name its file's name, for example `imaging.wasm`
 * @throws Error when it has not been built
 */
export function compileKernels(name: string): WebAssembly.Module {
  // The bundles lie in dist/ themselves; the sources, which tests and tools run, lie beside it.
  const candidates = [path.join(__dirname, name), path.join(__dirname, "../dist", name)];
  const file = candidates.find((candidate) => existsSync(candidate));
  if (!file) throw new Error(`${name} is missing: npm run build makes it`);
  return new WebAssembly.Module(readFileSync(file));
}
