// Bundles the server into dist/: main.js (the process), sessionWorker.js (its threads) and the .proto files that main.js reads.
import { cpSync } from "node:fs";
import path from "node:path";
import { build } from "esbuild";

const folder = import.meta.dirname;

await build({
  absWorkingDir: folder,
  entryPoints: { main: "src/main.ts", sessionWorker: "src/inference/sessionWorker.ts" },
  outdir: path.join(folder, "dist"),
  bundle: true,
  platform: "node",
  target: "node22.18",
  format: "cjs",
  sourcemap: true,
  // Native libraries cannot be bundled.
  external: ["onnxruntime-node", "sharp", "@julusian/jpeg-turbo"],
  logLevel: "warning",
});
cpSync(path.join(folder, "proto"), path.join(folder, "dist", "proto"), { recursive: true });
