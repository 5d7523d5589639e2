import { find } from "./pulumiMocks";
import type { ProgramRun } from "./program";

/** A container, as far as tests look at it. */
export interface Container {
  readonly name: string;
  readonly image: string;
  readonly resources: {
    readonly requests: Record<string, string>;
    readonly limits: Record<string, string>;
  };
  readonly securityContext: Record<string, unknown>;
  readonly env?: readonly { readonly name: string; readonly value?: string }[];
  readonly [field: string]: unknown;
}
/** The specification of the service's Deployment. */
export interface Spec {
  readonly replicas?: number;
  readonly strategy: unknown;
  readonly template: {
    readonly spec: Record<string, unknown> & {
      readonly containers: Container[];
      readonly initContainers?: Container[];
    };
  };
}

/** The Deployment that a run registered. */
export const specOf = (run: ProgramRun) =>
  find(run, "Deployment", "service-deployment").inputs["spec"] as Spec;
/** The environment that a run gives the server. */
export const environmentOf = (run: ProgramRun) =>
  find(run, "ConfigMap", "service-config").inputs["data"] as Record<string, string>;
