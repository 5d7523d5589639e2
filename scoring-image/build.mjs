// Makes dist/: main.js (the process), stageWorker.js, scriptWorker.js and jsonWorker.js (its threads), healthcheck.js (the image's), the SIMD
// kernels that the threads load (AssemblyScript, to WebAssembly), and the .proto files that main.js reads.
import { cpSync, mkdirSync, writeFileSync } from "node:fs";
import path from "node:path";
import asc from "assemblyscript/asc";
import { build } from "esbuild";
import { nativePackages } from "./image/nativePackages.mjs";

const folder = import.meta.dirname;
const dist = path.join(folder, "dist");
mkdirSync(dist, { recursive: true });

/** Kernels hold no objects and free nothing: the stub runtime, without the function that `assert` and `throw` end in. */
const kernelOptions = ["-O3", "--noAssert", "--runtime=stub", "--enable=simd", "--use=abort="];
const kernels = {
  "imaging.wasm": "src/imaging/kernels/index.ts",
  "json.wasm": "src/json/kernels/index.ts",
};
for (const [name, entry] of Object.entries(kernels)) {
  const paths = [entry, `--baseDir=${folder}`, `--outFile=${path.join("dist", name)}`];
  const { error, stderr } = await asc.main([...paths, ...kernelOptions]);
  if (error) throw new Error(`${entry} does not compile:\n${stderr}`, { cause: error });
}

const { metafile } = await build({
  absWorkingDir: folder,
  entryPoints: {
    main: "src/main.ts",
    stageWorker: "src/stageWorker.ts",
    scriptWorker: "src/scripting/scriptWorker.ts",
    jsonWorker: "src/json/jsonWorker.ts",
    healthcheck: "src/healthcheck.ts",
  },
  outdir: dist,
  bundle: true,
  platform: "node",
  target: "node22.18",
  format: "cjs",
  sourcemap: true,
  external: nativePackages,
  metafile: true,
  logLevel: "warning",
});
cpSync(path.join(folder, "proto"), path.join(dist, "proto"), { recursive: true });
// Tells the image's list of materials which packages the bundle is made of.
writeFileSync(
  path.join(folder, "dist", "inputs.json"),
  JSON.stringify(Object.keys(metafile.inputs)),
);
