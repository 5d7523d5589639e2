import * as pulumi from "@pulumi/pulumi";
import { project, stackConfig } from "../../scripts/stackConfig";

export { declarations, project, stackConfig } from "../../scripts/stackConfig";

/** The release of Triton that a stack takes unless told. */
export const tritonImage = "nvcr.io/nvidia/tritonserver:25.10-py3";

/** Turns a GPU stack into one with Triton beside the server, by the first of them alone. */
export const tritonSettings = {
  "runtime.kind": "triton",
  "runtime.args": ["--cuda-memory-pool-byte-size=0:67108864"],
  "runtime.modelConfig":
    'optimization { execution_accelerators { gpu_execution_accelerator : [ { name : "tensorrt" } ] } }',
} as const;

/** Sets the configuration that `settings.ts` will read; `secrets` are the keys that count as encrypted. */
export function useConfig(
  stack: string,
  overrides: Readonly<Record<string, unknown>> = {},
  secrets: readonly string[] = [],
): void {
  pulumi.runtime.setAllConfig(
    stackConfig(stack, overrides),
    secrets.map((key) => `${project}:${key}`),
  );
}
