import { execFile } from "node:child_process";
import path from "node:path";
import { promisify } from "node:util";

const folder = path.join(__dirname, "..", "..", "scoring-image");

/** Bundles the server, as `npm start` does. @returns the path of its main file */
export async function buildServer(): Promise<string> {
  await promisify(execFile)(process.execPath, [path.join(folder, "build.mjs")]);
  return path.join(folder, "dist", "main.js");
}
