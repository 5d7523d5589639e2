import { mkdirSync, renameSync, symlinkSync, writeFileSync } from "node:fs";
import path from "node:path";
import { temporaryFolder } from "./temporaryFolder";

/** Files of a mounted Kubernetes Secret: symlinks through `..data`, which a change swaps in one step. */
export class MountedSecret {
  readonly folder = temporaryFolder("secret");
  #generation = 0;

  constructor(files: Readonly<Record<string, string | Buffer>>) {
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
    mkdirSync(this.path(generation));
    for (const [name, content] of Object.entries(files)) {
      writeFileSync(path.join(this.folder, generation, name), content);
    }
    symlinkSync(generation, this.path("..data_tmp"));
    renameSync(this.path("..data_tmp"), this.path("..data"));
  }
}
