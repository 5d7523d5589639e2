/**
 * `npm run gpu-bundle`: the verification with all it needs, in parts that can be carried to a
 * machine without a network.
 */
import { execFileSync } from "node:child_process";
import {
  chmodSync,
  copyFileSync,
  cpSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from "node:fs";
import os from "node:os";
import path from "node:path";
import { parseArgs } from "node:util";
import { keepArchitecture } from "./fatBinary";
import { partsOf, splitFile, unpackScript, type Part } from "./parts";
import { takeCudaLibraries } from "./wheel";

const image = path.join(__dirname, "../..");

const usage = `npm run gpu-bundle -- --out FOLDER [options]
  --out FOLDER   where the parts and unpack.sh go
  --part-mb N    most megabytes of a part (default: 50)
  --arch N       compute capability times ten: 75 T4, 80 A100, 90 H100 and H200 (default: 90)
  --program-only pack the program anew and keep the libraries' parts that FOLDER has
  --wheel FILE   PyPI's package of ONNX Runtime for CUDA; pip downloads it unless given`;

/** Where onnxruntime-node looks for its libraries. */
const nativeFolder = "node_modules/onnxruntime-node/bin/napi-v6/linux/x64";

/** What seldom changes, and what a repair changes: only the latter need be carried again. */
const libraryPaths = ["node", "scoring-image/node_modules", "scoring-image/models"] as const;
const programPaths = ["samples", "scoring-image/dist", "scoring-image/gpu"] as const;

const say = (line: string) => process.stdout.write(`${line}\n`);

/**
 * Lays out what is packed as in the repository, so that the program finds things in the same
 * places.
 */
function layOut(folder: string): void {
  const own = path.join(folder, "scoring-image");
  mkdirSync(own, { recursive: true });
  const assemble = path.join(image, "image/assemble.mjs");
  execFileSync(process.execPath, [assemble, own], { stdio: "inherit" });
  cpSync(path.join(image, "models"), path.join(own, "models"), { recursive: true });
  cpSync(path.join(image, "gpu/dist"), path.join(own, "gpu/dist"), { recursive: true });
  copyFileSync(path.join(image, "gpu/verify.sh"), path.join(own, "gpu/verify.sh"));
  chmodSync(path.join(own, "gpu/verify.sh"), 0o755);
  cpSync(path.join(image, "../samples"), path.join(folder, "samples"), { recursive: true });
  copyFileSync(process.execPath, path.join(folder, "node"));
  chmodSync(path.join(folder, "node"), 0o755);
}

function cutDown(library: string, architecture: number): void {
  const bytes = readFileSync(library);
  const cut = keepArchitecture(bytes, architecture);
  writeFileSync(library, bytes);
  const [all, gone] = [bytes.length, cut].map((count) => Math.round(count / 1e6));
  say(`CUDA provider: ${gone} of ${all} MB are code for other cards and left out`);
}

function main(): void {
  const one = { type: "string" } as const;
  const { values } = parseArgs({
    options: {
      out: one,
      "part-mb": { ...one, default: "50" },
      arch: { ...one, default: "90" },
      "program-only": { type: "boolean", default: false },
      wheel: one,
      help: { type: "boolean", default: false },
    },
  });
  const out = values.out;
  const [partMb, architecture] = [Number(values["part-mb"]), Number(values.arch)];
  const isWrong = !(partMb > 0) || !Number.isInteger(architecture);
  if (values.help || out === undefined || isWrong) {
    (values.help ? process.stdout : process.stderr).write(`${usage}\n`);
    process.exit(values.help ? 0 : 2);
  }
  const scratch = mkdtempSync(path.join(os.tmpdir(), "gpu-bundle-"));
  const folder = path.join(scratch, "bundle");
  try {
    layOut(folder);
    mkdirSync(out, { recursive: true });
    const archive = (name: string) => path.join(path.resolve(out), `gpu-${name}.tar.xz`);
    const libraries = values["program-only"]
      ? partsOf(archive("libraries"))
      : packLibraries(archive("libraries"));
    const program = pack(folder, programPaths, archive("program"), partMb);
    const script = unpackScript([libraries, program]);
    writeFileSync(path.join(out, "unpack.sh"), script, { mode: 0o755 });
  } finally {
    rmSync(scratch, { recursive: true, force: true });
  }

  function packLibraries(archive: string): Part[] {
    const native = path.join(folder, "scoring-image", nativeFolder);
    takeCudaLibraries(values.wheel, path.join(scratch, "wheel"), native);
    cutDown(path.join(native, "libonnxruntime_providers_cuda.so"), architecture);
    return pack(folder, libraryPaths, archive, partMb);
  }
}

/** Packs some of what was laid out into parts. @param paths below the folder */
function pack(folder: string, paths: readonly string[], archive: string, partMb: number): Part[] {
  const compressor = ["--use-compress-program", "xz -6 -T0"];
  execFileSync("tar", ["-cf", archive, ...compressor, "-C", folder, ...paths], {
    stdio: "inherit",
  });
  const parts = splitFile(archive, Math.floor(1e6 * partMb));
  const megabytes = Math.ceil(statSync(archive).size / 1e6);
  rmSync(archive);
  say(`${path.basename(archive)}: ${megabytes} MB, ${parts.length} part(s)`);
  return parts;
}

main();
