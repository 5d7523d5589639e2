import { writeFileSync } from "node:fs";
import path from "node:path";
import { colourClassifier } from "./tinyModel";

/** A classifier of colours with an entry script of the given text. */
export function scriptedPackage(script: string): string {
  const folder = colourClassifier("probabilities");
  writeFileSync(path.join(folder, "score.mjs"), script);
  return folder;
}
