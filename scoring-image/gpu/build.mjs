// Makes gpu/dist/: verify.js and the processes that it starts. npm run build must have made the
// server before.
import { cpSync, readdirSync } from "node:fs";
import path from "node:path";
import { build } from "esbuild";
import { nativePackages } from "../image/nativePackages.mjs";

const folder = import.meta.dirname;
await build({
  absWorkingDir: folder,
  entryPoints: {
    verify: "verify.ts",
    loadProcess: "load/loadProcess.ts",
    trivialServer: "load/trivialServer.ts",
    laneProcess: "floor/laneProcess.ts",
  },
  outdir: path.join(folder, "dist"),
  bundle: true,
  platform: "node",
  target: "node22.18",
  format: "cjs",
  external: nativePackages,
  logLevel: "warning",
});
const server = path.join(folder, "../dist");
for (const name of readdirSync(server).filter((file) => file.endsWith(".wasm"))) {
  cpSync(path.join(server, name), path.join(folder, "dist", name));
}
