// Bundles the server into dist/: main.js (the process), sessionWorker.js and scriptWorker.js (its threads), healthcheck.js (the image's) and the
// .proto files that main.js reads.
import { cpSync, writeFileSync } from "node:fs";
import path from "node:path";
import { build } from "esbuild";
import { nativePackages } from "./image/nativePackages.mjs";

const folder = import.meta.dirname;

const { metafile } = await build({
  absWorkingDir: folder,
  entryPoints: {
    main: "src/main.ts",
    sessionWorker: "src/inference/sessionWorker.ts",
    scriptWorker: "src/scripting/scriptWorker.ts",
    jsonWorker: "src/json/jsonWorker.ts",
    healthcheck: "src/healthcheck.ts",
  },
  outdir: path.join(folder, "dist"),
  bundle: true,
  platform: "node",
  target: "node22.18",
  format: "cjs",
  sourcemap: true,
  external: nativePackages,
  metafile: true,
  logLevel: "warning",
});
cpSync(path.join(folder, "proto"), path.join(folder, "dist", "proto"), { recursive: true });
// Tells the image's list of materials which packages the bundle is made of.
writeFileSync(
  path.join(folder, "dist", "inputs.json"),
  JSON.stringify(Object.keys(metafile.inputs)),
);
