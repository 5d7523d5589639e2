import path from "node:path";
import { parseArgs } from "node:util";
import { writeBundle } from "./edge/bundle";
import { docker } from "./edge/docker";

const usage = `npm run edge-bundle -- [--stack edge] [--out FILE]

Writes one archive with image, model, manifests, installer and checksums of a stack with target kubernetes, for a machine
without a network. The image is taken from Docker under the stack's image.reference. docs/edge.md says the rest.
`;

/** Writes the bundle of a stack: `npm run edge-bundle`. */
async function main(): Promise<void> {
  const { values } = parseArgs({
    options: {
      stack: { type: "string", default: "edge" },
      out: { type: "string" },
      help: { type: "boolean", default: false },
    },
  });
  if (values.help) {
    process.stdout.write(usage);
    return;
  }
  const out = path.resolve(values.out ?? `edge-bundle-${values.stack}.tar.gz`);
  const { file, sha256, folder } = await writeBundle({ stack: values.stack, out, docker });
  process.stdout.write(
    `${sha256}  ${file}\nOn the machine: tar -xf ${path.basename(file)} && ${folder}/install.sh --help\n`,
  );
}

main().catch((error: unknown) => {
  process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`);
  process.exitCode = 1;
});
