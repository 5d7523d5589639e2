import { execFileSync } from "node:child_process";
import { readdirSync, readFileSync } from "node:fs";
import path from "node:path";
import { pathToFileURL } from "node:url";

const image = path.join(__dirname, "../..");

/** What the Dockerfile pins: the package's file name and checksum. */
function pinned(): { readonly name: string; readonly sha256: string } {
  const dockerfile = readFileSync(path.join(image, "Dockerfile"), "utf8");
  const [, url] = /^ARG CUDA_LIBRARIES_URL=(\S+)$/m.exec(dockerfile) ?? [];
  const [, sha256] = /^ARG CUDA_LIBRARIES_SHA256=(\w+)$/m.exec(dockerfile) ?? [];
  if (url === undefined || sha256 === undefined) throw new Error("the Dockerfile pins no package");
  return { name: path.basename(url), sha256 };
}

/**
 * Downloads the package with ONNX Runtime's CUDA provider by pip, which finds mirrors as well.
 * @returns its path
 */
function download(folder: string): string {
  const { name } = pinned();
  const [, version, python, platform] =
    /^onnxruntime_gpu-([\d.]+)-cp(\d+)-cp\d+-(\w+)\.whl$/.exec(name) ?? [];
  const args = ["-m", "pip", "download", "--quiet", "--no-deps", "--only-binary=:all:"];
  const wanted = ["--python-version", python as string, "--platform", platform as string];
  execFileSync("python3", [...args, ...wanted, "-d", folder, `onnxruntime-gpu==${version}`], {
    stdio: "inherit",
  });
  const file = readdirSync(folder).find((one) => one.endsWith(".whl"));
  if (file === undefined) throw new Error(`pip left no package in ${folder}`);
  return path.join(folder, file);
}

/**
 * Puts ONNX Runtime's core and CUDA provider into a folder, as the image does.
 * @param wheel the package's file; downloaded unless given
 * @param scratch an empty folder for the download
 * @throws Error when the file is not the one that the Dockerfile pins
 */
export function takeCudaLibraries(
  wheel: string | undefined,
  scratch: string,
  folder: string,
): void {
  const file = wheel ?? download(scratch);
  const script = path.join(image, "image/fetchCudaLibraries.mjs");
  const url = pathToFileURL(path.resolve(file)).href;
  execFileSync(process.execPath, [script, url, pinned().sha256, folder], { stdio: "inherit" });
}
