/** A package that is installed without development dependencies. */
export interface ProductionPackage {
  readonly name: string;
  readonly version: string;
  /** SPDX expression, as the package states it. */
  readonly licence: string;
  /** Installed on one platform only. */
  readonly isOptional: boolean;
  /** Named by our own package.json. */
  readonly isDirect: boolean;
}

interface Lockfile {
  readonly packages: Readonly<
    Record<
      string,
      {
        readonly version?: string;
        readonly license?: string;
        readonly dev?: boolean;
        readonly optional?: boolean;
        readonly dependencies?: Readonly<Record<string, string>>;
      }
    >
  >;
}

/** Licences that production dependencies may have: none of them asks anything of those who only run the software. */
export const allowedLicences: ReadonlySet<string> = new Set([
  "0BSD",
  "Apache-2.0",
  "BSD-2-Clause",
  "BSD-3-Clause",
  "BlueOak-1.0.0",
  "CC-BY-3.0",
  "CC0-1.0",
  "ISC",
  // libvips, which sharp loads as a shared library: it may be replaced, as the licence asks.
  "LGPL-3.0-or-later",
  "MIT",
  "Python-2.0",
]);

/** Packages whose own statement is no SPDX expression, and what their licence file says; looked up by hand. */
const statedElsewhere: Readonly<Record<string, string>> = {
  "@logdna/tail-file": "MIT",
};

/** Every licence that an SPDX expression names. */
export const licencesIn = (expression: string): string[] =>
  expression.split(/ AND | OR /).map((part) => part.replace(/[()]/g, ""));

/**
 * The packages of a lockfile (npm, version 3) that production installs, by name.
 * @throws Error when a package states no licence
 */
export function productionPackages(lockfile: string): ProductionPackage[] {
  const { packages } = JSON.parse(lockfile) as Lockfile;
  const direct = packages[""]?.dependencies ?? {};
  const found = Object.entries(packages).flatMap(([place, entry]): ProductionPackage[] => {
    if (place === "" || entry.dev) return [];
    const name = place.slice(place.lastIndexOf("node_modules/") + "node_modules/".length);
    const licence = statedElsewhere[name] ?? entry.license;
    if (!licence || !entry.version) throw new Error(`${place} states no licence or version`);
    const isDirect = place === `node_modules/${name}` && name in direct;
    return [
      { name, version: entry.version, licence, isOptional: entry.optional === true, isDirect },
    ];
  });
  const key = ({ name, version }: ProductionPackage) => `${name}@${version}`;
  const unique = new Map(found.map((one) => [key(one), one]));
  return [...unique.values()].sort((a, b) => (key(a) < key(b) ? -1 : 1));
}

const table = (packages: readonly ProductionPackage[]) =>
  packages
    .map(({ name, version, licence, isOptional, isDirect }) => {
      const shown = isDirect ? `**${name}**` : name;
      return `| ${shown}${isOptional ? " (one platform)" : ""} | ${version} | ${licence} |`;
    })
    .join("\n");

/** docs/licences.md */
export function licencePage({
  server,
  program,
}: Readonly<Record<"server" | "program", readonly ProductionPackage[]>>): string {
  const head = "| package | version | licence |\n|---|---|---|";
  return `# Licences of production dependencies

Written by \`npm run licences\` from the lockfiles; a test fails when it is out of date or a licence is not among those we accept
(\`scripts/licenceList.ts\`). In bold: what our own package.json names.

## The scoring server (${server.length})

${head}
${table(server)}

## The Pulumi program (${program.length})

${head}
${table(program)}
`;
}
