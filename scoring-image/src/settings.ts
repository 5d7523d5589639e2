import type { z } from "zod";
import { variables } from "./contract";
import type { RuntimeAddress } from "./inference/runtimes/openInference/address";
import { readMachineLimits, type MachineLimits } from "./machineLimits";
import type { Access } from "./security/access";
import type { CertificateFiles } from "./security/certificate";
import { endedProblems, pipelineProblems, resolvePipeline } from "./pipelineSettings";
import type { PipelineSettings } from "./pipelineSettings";
import { definitions, type Values } from "./settingsDefinitions";
import {
  accessOf,
  accessProblems,
  connectionProblems,
  portProblems,
  resolveBounds,
  tlsProblems,
  type CallerBounds,
} from "./settingsRules";

/** All problems of the environment at once, one line each. */
export class SettingsError extends Error {
  override readonly name = "SettingsError";
  constructor(readonly problems: readonly string[]) {
    super(problems.join("\n"));
  }
}

/** A runtime that runs the model in this process's stead. */
export interface RuntimeSettings {
  readonly address: RuntimeAddress;
  /** The model's name there; the package's unless set. */
  readonly model: string | undefined;
}

/** The server's settings, checked and complete. Times are in milliseconds, sizes in bytes. */
export type Settings = Readonly<
  Omit<
    Values,
    | "auth"
    | "primaryKey"
    | "secondaryKey"
    | "primaryKeyFile"
    | "secondaryKeyFile"
    | "tokenIssuer"
    | "tokenAudience"
    | "tokenJwksUri"
    | "tlsCertificateFile"
    | "tlsKeyFile"
    | "runtimeAddress"
    | "runtimeModel"
    | keyof PipelineSettings
    | keyof CallerBounds
  >
> &
  CallerBounds &
  PipelineSettings & {
    /** Undefined when the model runs in this process. */
    readonly runtime: RuntimeSettings | undefined;
    /** Undefined when the service speaks clear text. */
    readonly tls: CertificateFiles | undefined;
    readonly access: Access;
  };

/**
 * Reads all settings from the environment.
 * @param makeKey makes the first key when none is set; without it a missing key is a problem
 * @param limits what is left to the server is worked out from these
 * @throws SettingsError with one line for each problem, naming variable, value and what is allowed
 */
export function loadSettings(
  env: Readonly<Record<string, string | undefined>>,
  makeKey?: () => string,
  limits: MachineLimits = readMachineLimits(),
): Settings {
  const problems = endedProblems(env);
  const entries = Object.entries(definitions).map(([name, { default: fallback, schema }]) => {
    const variable = variables[name as keyof typeof variables];
    const value = env[variable] || fallback;
    const parsed = (schema as z.ZodType<unknown>).safeParse(value);
    if (!parsed.success) {
      const shown = name.endsWith("Key") ? "set" : `"${value}"`;
      problems.push(`${variable} is ${shown}: ${parsed.error.issues[0]?.message}`);
    }
    return [name, parsed.data];
  });
  const values = Object.fromEntries(entries) as Values;
  const { primaryKey, primaryKeyFile, tlsCertificateFile, tlsKeyFile } = values;
  const { runtimeAddress: address, runtimeModel: model } = values;
  const primary =
    primaryKey ?? (env[variables.primaryKey] || (primaryKeyFile ? undefined : makeKey?.()));
  problems.push(
    ...portProblems(values),
    ...accessProblems(values, env, Boolean(primary)),
    ...tlsProblems(values),
    ...connectionProblems(values),
    ...pipelineProblems(values),
  );
  if (problems.length > 0) throw new SettingsError(problems);
  return Object.freeze({
    ...values,
    ...resolvePipeline(values, limits),
    ...resolveBounds(values, limits),
    runtime: address === undefined ? undefined : { address, model },
    tls:
      tlsCertificateFile && tlsKeyFile
        ? { certificateFile: tlsCertificateFile, keyFile: tlsKeyFile }
        : undefined,
    access: accessOf(values, primary),
  });
}
