import { isDeepStrictEqual } from "node:util";
import type { Properties } from "./state";
import type { Problem } from "./schema";

/** What a call is about. */
export interface Subject {
  readonly type: string;
  /** Logical name in the program. */
  readonly name: string;
}

/** One of the simulated providers; the names are those of Pulumi's provider protocol. */
export interface SimulatedProvider {
  /** Called before anything else; also to tell which cluster a Kubernetes provider speaks to. */
  configure?(config: Properties): void;
  invoke?(token: string, args: Properties): Promise<Properties> | Properties;
  /** Defaults and what is wrong with the inputs; unknown values are left alone. */
  check(
    subject: Subject,
    inputs: Properties,
    /** Inputs of the resource as it is; empty for a new one. */
    olds: Properties,
  ): { readonly inputs: Properties; readonly problems: readonly Problem[] };
  /** Paths whose change needs a new resource; a path covers all below it. */
  immutable(type: string): readonly string[];
  /** Whether a replacement must be preceded by the deletion of the old resource. */
  deleteBeforeReplace?(type: string): boolean;
  create(subject: Subject, inputs: Properties): Created | Promise<Created>;
  /** @param known outputs in the stack's state; @returns undefined for what exists no more */
  read(subject: Subject, id: string, known: Properties): Properties | undefined;
  update(subject: Subject, id: string, inputs: Properties, before: Before): Properties;
  delete(subject: Subject, id: string): void;
}

/** A resource as the stack's state has it. */
export interface Before {
  readonly inputs: Properties;
  readonly outputs: Properties;
}

/** A created resource. */
export interface Created {
  readonly id: string;
  readonly outputs: Properties;
}

/** Paths at which two values differ. */
export function differences(before: unknown, after: unknown, at = ""): string[] {
  if (isDeepStrictEqual(before, after)) return [];
  if (!isObject(before) || !isObject(after)) return [at];
  return [...new Set([...Object.keys(before), ...Object.keys(after)])].flatMap((name) =>
    differences(before[name], after[name], at === "" ? name : `${at}.${name}`),
  );
}

const isObject = (value: unknown): value is Properties =>
  typeof value === "object" && value !== null && !Array.isArray(value);

/** Whether a path lies at or below one of others. */
export const covered = (path: string, others: readonly string[]): boolean =>
  others.some((other) => path === other || path.startsWith(`${other}.`));
