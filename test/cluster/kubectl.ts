import { spawn } from "node:child_process";
import { text } from "node:stream/consumers";
import { setTimeout as delay } from "node:timers/promises";

export interface KubernetesObject {
  readonly apiVersion: string;
  readonly kind: string;
  readonly metadata: { readonly name: string; readonly namespace?: string };
  readonly [field: string]: unknown;
}

export interface Pod extends KubernetesObject {
  readonly metadata: {
    readonly name: string;
    readonly deletionTimestamp?: string;
    readonly labels: Readonly<Record<string, string>>;
  };
  readonly spec: { readonly nodeName?: string };
  readonly status: {
    readonly phase: string;
    readonly conditions?: readonly {
      readonly type: string;
      readonly status: string;
      readonly message?: string;
    }[];
  };
}

const condition = (pod: Pod, type: string) =>
  pod.status.conditions?.find((one) => one.type === type);

/** Ready and not on its way out. */
export const isReady = (pod: Pod): boolean =>
  condition(pod, "Ready")?.status === "True" && pod.metadata.deletionTimestamp === undefined;

/** Why the scheduler finds no node for it; empty when it has one. */
export const unschedulable = (pod: Pod): string =>
  condition(pod, "PodScheduled")?.status === "False"
    ? (condition(pod, "PodScheduled")?.message ?? "")
    : "";

/** The kubectl of the release under test, with an administrator's rights. */
export class Kubectl {
  constructor(
    private readonly program: string,
    private readonly kubeconfig: string,
  ) {}

  /** @returns standard output @throws Error with what kubectl wrote to standard error */
  async run(args: readonly string[], input = ""): Promise<string> {
    const child = spawn(this.program, [`--kubeconfig=${this.kubeconfig}`, ...args]);
    child.stdin.end(input);
    const [out, error, code] = await Promise.all([
      text(child.stdout),
      text(child.stderr),
      new Promise((resolve) => child.once("close", resolve)),
    ]);
    if (code !== 0) throw new Error(error.trim());
    return out;
  }

  async succeeds(...args: string[]): Promise<boolean> {
    return this.run(args).then(
      () => true,
      () => false,
    );
  }

  async get<T>(...args: string[]): Promise<T> {
    return JSON.parse(await this.run(["get", "-o", "json", ...args])) as T;
  }

  /** Creates or updates; unknown fields are errors. */
  async apply(objects: readonly object[], ...args: string[]): Promise<void> {
    const list = { apiVersion: "v1", kind: "List", items: objects };
    await this.run(
      ["apply", "--server-side", "--force-conflicts", "--validate=strict", "-f", "-", ...args],
      JSON.stringify(list),
    );
  }

  /** Pods of a namespace, those on their way out included. */
  async pods(namespace: string): Promise<Pod[]> {
    return (await this.get<{ items: Pod[] }>("pods", "-n", namespace)).items;
  }

  /**
   * Watches the pods of a namespace until they are as wanted. @returns every state seen on the way, ending with the wanted one
   * @throws Error with the last state after a minute
   */
  async until(namespace: string, isSo: (pods: Pod[]) => boolean): Promise<Pod[][]> {
    const seen: Pod[][] = [];
    for (const end = Date.now() + 60_000; Date.now() < end; await delay(100)) {
      const pods = await this.pods(namespace);
      seen.push(pods);
      if (isSo(pods)) return seen;
    }
    const last = (seen.at(-1) ?? []).map(
      (pod) => `${pod.metadata.name} ${pod.status.phase} ${unschedulable(pod)}`,
    );
    throw new Error(`the pods did not get there: ${last.join("; ")}`);
  }
}
