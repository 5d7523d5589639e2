import { ScoringError } from "../../errors";

/** Parameter of Triton's extension for system and CUDA shared memory. */
const region = "shared_memory_region";

/**
 * Tensors come and go in messages alone; a caller that reads a region which nobody has written would take what lies there for scores.
 * @param tensor for example `output "scores"`
 * @throws ScoringError UNIMPLEMENTED when the tensor's parameters name a region
 */
export function refuseSharedMemory(tensor: string, parameters: object): void {
  if (!(region in parameters)) return;
  const message = `The ${tensor} has a ${region}; shared memory is not supported: leave it out.`;
  throw new ScoringError("UNIMPLEMENTED", message);
}
