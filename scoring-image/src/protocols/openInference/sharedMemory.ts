import { ScoringError } from "../../errors";

/** Parameter of Triton's extension for system and CUDA shared memory. */
const region = "shared_memory_region";

interface Tensor {
  readonly name: string;
  readonly parameters: object;
}

/**
 * Tensors come and go in messages alone; a caller that reads a region which nobody has written would take what lies there for scores.
 * @throws ScoringError UNIMPLEMENTED when the parameters of an input or output name a region
 */
export function refuseSharedMemory(request: {
  readonly inputs: readonly Tensor[];
  readonly outputs: readonly Tensor[];
}): void {
  for (const kind of ["input", "output"] as const) {
    const tensor = request[`${kind}s`].find(({ parameters }) => region in parameters);
    if (!tensor) continue;
    const message = `The ${kind} "${tensor.name}" has a ${region}; shared memory is not supported: leave it out.`;
    throw new ScoringError("UNIMPLEMENTED", message);
  }
}
