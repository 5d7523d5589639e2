import type { dynamic } from "@pulumi/pulumi";

type Methods = Readonly<Record<string, (...args: unknown[]) => unknown>>;

/** What the serialised methods find where they run: the engine's process for dynamic resources, in the project's folder. */
declare const require: (module: string) => {
  readonly require: (file: string, from: string) => Methods;
};

/*
 * Pulumi stores the source of a dynamic provider's methods in the state. These only load the module that does the work, so
 * that the state holds no copy of it that grows old, and secrets are never captured. They must not use anything from the
 * outside but Node's globals.
 */

/** Two keys that outlive the service; runs `keysProvider.ts`. */
export const keysProvider = {
  create: (inputs: unknown) => {
    const folder = `${process.cwd()}/components/local/`;
    const { create } = require("tsx/cjs/api").require("./keysProvider.ts", `${folder}providers.ts`);
    return create?.(inputs);
  },
  diff: (id: unknown, olds: unknown, news: unknown) => {
    const folder = `${process.cwd()}/components/local/`;
    const { diff } = require("tsx/cjs/api").require("./keysProvider.ts", `${folder}providers.ts`);
    return diff?.(id, olds, news);
  },
  update: (id: unknown, olds: unknown, news: unknown) => {
    const folder = `${process.cwd()}/components/local/`;
    const { update } = require("tsx/cjs/api").require("./keysProvider.ts", `${folder}providers.ts`);
    return update?.(id, olds, news);
  },
} as dynamic.ResourceProvider;

/** The scoring service as a process of this machine; runs `processProvider.ts`. */
export const processProvider = {
  create: (inputs: unknown) => {
    const folder = `${process.cwd()}/components/local/`;
    const { create } = require("tsx/cjs/api").require(
      "./processProvider.ts",
      `${folder}providers.ts`,
    );
    return create?.(inputs);
  },
  diff: (id: unknown, olds: unknown, news: unknown) => {
    const folder = `${process.cwd()}/components/local/`;
    const { diff } = require("tsx/cjs/api").require(
      "./processProvider.ts",
      `${folder}providers.ts`,
    );
    return diff?.(id, olds, news);
  },
  update: (id: unknown, olds: unknown, news: unknown) => {
    const folder = `${process.cwd()}/components/local/`;
    const { update } = require("tsx/cjs/api").require(
      "./processProvider.ts",
      `${folder}providers.ts`,
    );
    return update?.(id, olds, news);
  },
  read: (id: unknown, props: unknown) => {
    const folder = `${process.cwd()}/components/local/`;
    const { read } = require("tsx/cjs/api").require(
      "./processProvider.ts",
      `${folder}providers.ts`,
    );
    return read?.(id, props);
  },
  delete: (id: unknown, props: unknown) => {
    const folder = `${process.cwd()}/components/local/`;
    const { remove } = require("tsx/cjs/api").require(
      "./processProvider.ts",
      `${folder}providers.ts`,
    );
    return remove?.(id, props);
  },
} as dynamic.ResourceProvider;
