import { createHash } from "node:crypto";
import {
  closeSync,
  openSync,
  readdirSync,
  readFileSync,
  readSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import path from "node:path";

/** A piece of a file. */
export interface Part {
  readonly name: string;
  /** SHA-256 of its bytes, in hexadecimal. */
  readonly sha256: string;
}

const namesOfParts = (file: string): string[] =>
  readdirSync(path.dirname(file))
    .filter((name) => name.startsWith(`${path.basename(file)}.part-`))
    .sort();

/**
 * Cuts a file into parts beside it, named FILE.part-01 and so on, which replace all that are there
 * from before.
 * @param partBytes most bytes of a part
 */
export function splitFile(file: string, partBytes: number): Part[] {
  const folder = path.dirname(file);
  for (const name of namesOfParts(file)) rmSync(path.join(folder, name));
  const parts: Part[] = [];
  const buffer = Buffer.alloc(partBytes);
  const descriptor = openSync(file, "r");
  for (;;) {
    const bytes = buffer.subarray(0, readSync(descriptor, buffer, 0, partBytes, null));
    if (bytes.length === 0) break;
    const name = `${path.basename(file)}.part-${String(parts.length + 1).padStart(2, "0")}`;
    writeFileSync(path.join(folder, name), bytes);
    parts.push({ name, sha256: createHash("sha256").update(bytes).digest("hex") });
  }
  closeSync(descriptor);
  return parts;
}

/** The parts of a file that was cut up before, beside where it lay. */
export const partsOf = (file: string): Part[] =>
  namesOfParts(file).map((name) => {
    const bytes = readFileSync(path.join(path.dirname(file), name));
    return { name, sha256: createHash("sha256").update(bytes).digest("hex") };
  });

/**
 * A shell script that joins the parts beside it and unpacks them: unpack.sh [FOLDER]. It ends with
 * 3, naming them, while parts are missing, so that they may come one at a time. Where there is no
 * xz, Python unpacks.
 * @param archives the parts of each
 */
export function unpackScript(archives: readonly (readonly Part[])[]): string {
  const parts = archives.flat();
  const namesOf = (some: readonly Part[]) => some.map(({ name }) => name).join(" ");
  return `#!/bin/sh
# Joins the parts that lie beside it and unpacks them: unpack.sh [FOLDER]. Ends with 3 while parts
# are missing.
set -eu
here=$(cd "$(dirname "$0")" && pwd)
folder=\${1:-$here/gpu-bundle}
missing=
for part in ${namesOf(parts)}; do
  [ -f "$here/$part" ] || missing="$missing $part"
done
if [ -n "$missing" ]; then
  echo "missing:$missing" >&2
  exit 3
fi
mkdir -p "$folder"
folder=$(cd "$folder" && pwd)
cd "$here"
sha256sum --quiet -c - << 'END'
${parts.map(({ name, sha256 }) => `${sha256}  ${name}`).join("\n")}
END
unpack() {
  if command -v xz > /dev/null; then
    cat "$@" | xz -dc | tar -xf - -C "$folder"
  else
    cat "$@" | python3 -c 'import sys, tarfile
tarfile.open(fileobj=sys.stdin.buffer, mode="r|xz").extractall(sys.argv[1])' "$folder"
  fi
}
${archives.map((some) => `unpack ${namesOf(some)}`).join("\n")}
echo "unpacked: $folder/scoring-image/gpu/verify.sh --help"
`;
}
