import type { Output } from "@pulumi/pulumi";
import type { VmSize } from "../components/catalogue/vmSizes";
import type { Values } from "./definitions";

/** The nodes of the accelerator pool, or of the CPU pool on `accelerator: cpu`. */
export interface NodeSettings {
  readonly size: VmSize;
  /** Devices a pod may ask for on one node: 0 without an accelerator, more than the cards with MIG. */
  readonly acceleratorsPerNode: number;
  /** Nodes at creation; afterwards the autoscaler's own where one is on. */
  readonly count: number;
  /** Most nodes the pool ever has: `count` without an autoscaler. */
  readonly maxCount: number;
}

/** Secrets of a stack, still encrypted to anything but an `apply`. */
export interface SecretSettings {
  readonly primaryKey: Output<string> | undefined;
  readonly secondaryKey: Output<string> | undefined;
  readonly tlsKey: Output<string> | undefined;
}

/** Everything a stack sets, checked and complete; frozen. Secret texts are in `secrets` and nowhere else. */
export interface Settings extends Omit<
  Values,
  "primaryKey" | "secondaryKey" | "tls.key" | "vmSize"
> {
  readonly stack: string;
  /** Azure region; empty unless the target is `azure`. */
  readonly location: string;
  /** Undefined where the cluster is not ours (`target: kubernetes`, `local`). */
  readonly nodes: NodeSettings | undefined;
  readonly secrets: SecretSettings;
  /** Lines to print with every preview and update. */
  readonly notices: readonly string[];
}
