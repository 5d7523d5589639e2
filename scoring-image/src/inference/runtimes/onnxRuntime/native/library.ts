import { existsSync, readdirSync } from "node:fs";
import { createRequire } from "node:module";
import path from "node:path";
import type { LibraryHandle } from "koffi";
import koffi from "../../../../koffi";
import { apiVersion, functionTable } from "./functionTable.generated";
import { signatureOf, type FunctionName, type Functions } from "./signatures";

/** The one version of ONNX Runtime that the server runs: its package's, pinned in package.json. */
export const onnxRuntimeVersion = "1.30.0";

const fileNames = /^(?:libonnxruntime\.so\.1|libonnxruntime\.[\d.]+dylib|onnxruntime\.dll)$/;

/**
 * Path of the library that onnxruntime-node brings; in the CUDA image another build of it lies
 * there.
 * @throws Error when the package has none for this platform
 */
export function libraryFile(): string {
  const manifest = createRequire(__filename).resolve("onnxruntime-node/package.json");
  const folder = path.join(manifest, "../bin/napi-v6", process.platform, process.arch);
  const name = existsSync(folder) && readdirSync(folder).find((file) => fileNames.test(file));
  if (name) return path.join(folder, name);
  throw new Error(`onnxruntime-node has no ONNX Runtime for ${process.platform} ${process.arch}`);
}

/**
 * Refuses another ONNX Runtime: its table might be another one, and a call through a wrong place
 * ends the process.
 * @throws Error naming both versions and the file
 */
export function checkVersion(found: string, file: string): void {
  if (found === onnxRuntimeVersion) return;
  throw new Error(
    `${file} is ONNX Runtime ${found}; this server runs ${onnxRuntimeVersion} alone: install onnxruntime-node ${onnxRuntimeVersion}`,
  );
}

/**
 * koffi unloads a library whose object has been collected, whatever was found in it: so it is kept.
 */
interface Loaded {
  readonly library: LibraryHandle;
  readonly functions: Functions;
}

let loaded: Loaded | undefined;

/**
 * Loads ONNX Runtime, once a thread; the process has it once.
 * @throws Error when it cannot be loaded, or has another version than the pinned one
 */
export const loadFunctions = (): Functions => (loaded ??= load()).functions;

function load(): Loaded {
  const file = libraryFile();
  const library = koffi.load(file);
  // struct OrtApiBase: GetApi, GetVersionString.
  const base = (library.func("OrtGetApiBase", "void *", []) as () => bigint)();
  const getVersion = functionAt(base, 1, "str", []) as () => string;
  checkVersion(getVersion(), file);
  const getApi = functionAt(base, 0, "void *", ["uint32_t"]) as (version: number) => bigint | null;
  const table = getApi(apiVersion);
  if (table === null) throw new Error(`${file} has no version ${apiVersion} of the C API`);
  const entries = Object.entries(functionTable).map(([name, place]) => {
    const { result, parameters } = signatureOf(name as FunctionName);
    return [name, functionAt(table, place, result, parameters)];
  });
  return { library, functions: Object.fromEntries(entries) as Functions };
}

/** Prototypes go without a name: names would have to differ from those of all other threads. */
function functionAt(table: bigint, place: number, result: string, parameters: string[]): unknown {
  const address: unknown = koffi.decode(table + BigInt(8 * place), "void *");
  return koffi.decode(address, koffi.proto(result, parameters));
}
