import { globSync, readFileSync } from "node:fs";
import path from "node:path";
import { root } from "./paths";

const read = (file: string) => readFileSync(path.join(root, file), "utf8");

/** Title of every test in the repository, as its source spells it. */
const titles = new Set(
  globSync("test/**/*.test.ts", { cwd: root }).flatMap((file) =>
    [...read(file).matchAll(/\bit\(\s*(["`])(.+?)\1,/gs)].map(([, , title]) => title as string),
  ),
);

/** What a cell of a page names in code marks. */
export const namesIn = (cell: string): string[] =>
  [...cell.matchAll(/(`+)([^`]+(?:`[^`]+)*?)\1/g)].map(([, , name]) => name as string);

/** Those of the names that are neither a test of the repository nor a command of package.json. */
export function unknownNames(names: readonly string[]): string[] {
  const { scripts } = JSON.parse(read("package.json")) as { scripts: Record<string, string> };
  return names.filter((name) => {
    const [, script] = /^npm run (\S+)$/.exec(name) ?? [];
    return script ? !(script in scripts) : !titles.has(name);
  });
}
