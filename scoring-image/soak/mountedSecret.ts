import { mkdirSync, renameSync, symlinkSync, writeFileSync } from "node:fs";
import path from "node:path";

/** Files of a mounted Kubernetes Secret: symlinks through `..data`, which a change swaps in one step. */
export class MountedSecret {
  #generation = 0;

  /** @param folder where it is mounted: empty, or not there yet */
  constructor(
    readonly folder: string,
    files: Readonly<Record<string, string | Buffer>>,
  ) {
    this.write(files);
    for (const name of Object.keys(files)) {
      symlinkSync(path.join("..data", name), this.path(name));
    }
  }

  path(name: string): string {
    return path.join(this.folder, name);
  }

  /** Swaps all files at once, as the kubelet does. */
  write(files: Readonly<Record<string, string | Buffer>>): void {
    const generation = `..${++this.#generation}`;
    mkdirSync(this.path(generation), { recursive: true });
    for (const [name, content] of Object.entries(files)) {
      writeFileSync(path.join(this.folder, generation, name), content);
    }
    symlinkSync(generation, this.path("..data_tmp"));
    renameSync(this.path("..data_tmp"), this.path("..data"));
  }
}
