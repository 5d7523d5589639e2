import { variables } from "./contract";
import type { MachineLimits } from "./machineLimits";
import type { Access } from "./security/access";
import type { Values } from "./settingsDefinitions";

type Environment = Readonly<Record<string, string | undefined>>;
type AccessValues = Pick<
  Values,
  | "auth"
  | "primaryKey"
  | "secondaryKey"
  | "primaryKeyFile"
  | "secondaryKeyFile"
  | "tokenIssuer"
  | "tokenAudience"
  | "tokenJwksUri"
>;

/** Rules between settings; each returns one line for each problem. */

/** Ports must differ, unless the system chooses them. */
export function portProblems(ports: Pick<Values, "port" | "grpcPort" | "metricsPort">): string[] {
  const taken = new Map<number, string>();
  return (["port", "metricsPort", "grpcPort"] as const).flatMap((name) => {
    const number = ports[name];
    const other = number ? taken.get(number) : undefined;
    if (number && !other) taken.set(number, variables[name]);
    return other ? [`${variables[name]} is ${number}, the same as ${other}: choose another`] : [];
  });
}

/** Certificate and key come together. */
export function tlsProblems(files: Pick<Values, "tlsCertificateFile" | "tlsKeyFile">): string[] {
  const { tlsCertificateFile, tlsKeyFile } = files;
  if (Boolean(tlsCertificateFile) === Boolean(tlsKeyFile)) return [];
  const [set, missing] = tlsCertificateFile
    ? [variables.tlsCertificateFile, variables.tlsKeyFile]
    : [variables.tlsKeyFile, variables.tlsCertificateFile];
  return [`${set} is set without ${missing}: set both, or neither for clear text`];
}

/** What all callers together may take, worked out. */
export interface CallerBounds {
  /** Bytes of all callers that are held at a time. */
  readonly maxHeldBytes: number;
  /** Connections of one address. */
  readonly maxConnectionsPerAddress: number;
}

type BoundValues = Pick<
  Values,
  "maxHeldBytes" | "maxBodyBytes" | "maxConnections" | "maxConnectionsPerAddress"
>;

/** Works out what was left to the server; at least one body of the largest size always fits. */
export function resolveBounds(values: BoundValues, { memoryBytes }: MachineLimits): CallerBounds {
  const { maxHeldBytes, maxBodyBytes, maxConnections, maxConnectionsPerAddress } = values;
  return {
    maxHeldBytes: maxHeldBytes || Math.max(2 * maxBodyBytes, Math.floor(memoryBytes / 6)),
    maxConnectionsPerAddress: maxConnectionsPerAddress || Math.ceil(maxConnections / 2),
  };
}

/** One address has no more than all of them, and a body must fit into what is held. */
export function connectionProblems(values: BoundValues): string[] {
  const { maxHeldBytes, maxBodyBytes, maxConnections, maxConnectionsPerAddress } = values;
  const problems: string[] = [];
  if (maxConnectionsPerAddress > maxConnections) {
    problems.push(
      `${variables.maxConnectionsPerAddress} is ${maxConnectionsPerAddress}, more than ${variables.maxConnections} of ${maxConnections}: lower the one or raise the other`,
    );
  }
  if (maxHeldBytes > 0 && maxHeldBytes < 2 * maxBodyBytes) {
    problems.push(
      `${variables.maxHeldBytes} is ${maxHeldBytes}, less than two bodies of ${variables.maxBodyBytes}, ${maxBodyBytes}: raise the one or lower the other`,
    );
  }
  return problems;
}

const keyNames = ["primaryKey", "secondaryKey", "primaryKeyFile", "secondaryKeyFile"] as const;
const tokenNames = ["tokenIssuer", "tokenAudience", "tokenJwksUri"] as const;

/** `AUTH` decides which of the others must and may be set. */
export function accessProblems(values: AccessValues, env: Environment, hasKey: boolean): string[] {
  const { auth } = values;
  const isSet = (name: keyof AccessValues) => Boolean(env[variables[name]]);
  if (auth === "none" && keyNames.some(isSet)) {
    return ["AUTH is none, but a key is set: remove the keys or set AUTH=key"];
  }
  const unused = auth === "token" ? keyNames : tokenNames;
  const problems = unused
    .filter(isSet)
    .map((name) => `${variables[name]} is set, but AUTH is ${auth}: remove it or change AUTH`);
  if (auth === "key") problems.push(...keyProblems(values, hasKey));
  if (auth === "token") {
    const required = (["tokenIssuer", "tokenAudience"] as const).filter((name) => !isSet(name));
    problems.push(...required.map((name) => `${variables[name]} is not set: AUTH=token needs it`));
  }
  return problems;
}

function keyProblems(values: AccessValues, hasKey: boolean): string[] {
  const { primaryKey, secondaryKey, primaryKeyFile, secondaryKeyFile } = values;
  if ((primaryKey || secondaryKey) && (primaryKeyFile || secondaryKeyFile)) {
    return ["PRIMARY_KEY_FILE or SECONDARY_KEY_FILE is set beside a key: set keys or files"];
  }
  if (secondaryKeyFile && !primaryKeyFile) {
    return ["SECONDARY_KEY_FILE is set without PRIMARY_KEY_FILE: set both or only the latter"];
  }
  if (secondaryKey && !primaryKey) {
    return ["SECONDARY_KEY is set without PRIMARY_KEY: set both or only the latter"];
  }
  if (hasKey || primaryKeyFile) return [];
  return ["PRIMARY_KEY is not set: set it, or AUTH=none for an open service"];
}

/** Who may score, of values without problems. @param primary the first key, set or made */
export function accessOf(values: AccessValues, primary: string | undefined): Access {
  const { auth, secondaryKey, primaryKeyFile, secondaryKeyFile } = values;
  if (auth === "none") return { kind: "open" };
  if (auth === "token") {
    const { tokenIssuer, tokenAudience, tokenJwksUri } = values;
    return {
      kind: "token",
      issuer: {
        issuer: tokenIssuer as string,
        audience: tokenAudience as string,
        jwksUri: tokenJwksUri,
      },
    };
  }
  return primaryKeyFile
    ? { kind: "keyFiles", files: { primaryKeyFile, secondaryKeyFile } }
    : { kind: "keys", keys: { primary: primary as string, secondary: secondaryKey } };
}
