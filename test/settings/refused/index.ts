import { environment } from "./environment";
import { nodes } from "./nodes";
import { pipeline } from "./pipeline";
import type { RefusedSettings } from "./refusedSettings";
import { runtime } from "./runtime";
import { service } from "./service";
import { values } from "./values";

/** Every configuration that is refused, by what it is about. */
export const refusedSettings: readonly RefusedSettings[] = [
  ...values,
  ...nodes,
  ...service,
  ...runtime,
  ...pipeline,
  ...environment,
];
