import { execFileSync } from "node:child_process";

/** The few things that a bundle needs of Docker. */
export interface Docker {
  /** @throws Error where Docker is not there, or has no such image, naming what to do */
  readonly requireImage: (reference: string, remedy: string) => void;
  /** Writes the images as `docker load` takes them. */
  readonly save: (references: readonly string[], file: string) => void;
  /** Copies a folder out of an image. */
  readonly copyFrom: (reference: string, folder: string, to: string) => void;
}

/** Docker by its command line client. */
export const docker: Docker = {
  requireImage(reference, remedy) {
    const found = run(["image", "ls", "--quiet", "--filter", `reference=${reference}`]);
    if (found.trim() === "") throw new Error(`Docker has no image ${reference}. ${remedy}`);
  },
  save(references, file) {
    run(["save", "--output", file, ...references]);
  },
  copyFrom(reference, folder, to) {
    // It is never started, but an image without a command of its own takes one to be created from.
    const container = run(["create", reference, "none"]).trim();
    try {
      run(["cp", `${container}:${folder}`, to]);
    } finally {
      run(["rm", container]);
    }
  },
};

/** @throws Error with the client's own words */
function run(args: readonly string[]): string {
  try {
    return execFileSync("docker", args, { encoding: "utf8", stdio: ["ignore", "pipe", "pipe"] });
  } catch (error) {
    const { code, stderr } = error as { readonly code?: unknown; readonly stderr?: string };
    if (code === "ENOENT") {
      throw new Error(
        "The image is taken from Docker, and there is no docker on PATH: install it",
        { cause: error },
      );
    }
    const said = (stderr ?? "").trim().split("\n").at(-1) ?? "";
    throw new Error(`docker ${args[0]} failed: ${said || String(error)}`, { cause: error });
  }
}
