/** CUDA compute capability of each NVIDIA architecture of the VM size table, the lowest of its cards (NVIDIA's page "CUDA GPUs"). */
export const computeCapability: Readonly<Record<string, number | undefined>> = {
  Kepler: 3.7,
  Maxwell: 5.2,
  Pascal: 6.0,
  Volta: 7.0,
  Turing: 7.5,
  Ampere: 8.0,
  Hopper: 9.0,
  Blackwell: 12.0,
};

/** What the CUDA image drives at least: CUDA 13 dropped everything before Turing. */
export const cudaMinimum = { capability: 7.5, architecture: "Turing" } as const;
