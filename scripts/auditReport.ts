/** An advisory, or the name of the dependency that has it. */
type Via =
  | string
  | {
      readonly title: string;
      readonly url: string;
      readonly severity: string;
      /** Versions that have it. */
      readonly range: string;
    };

/** What `npm audit --json` writes: a report, or why there is none. */
interface AuditOutput {
  readonly vulnerabilities?: Readonly<Record<string, { readonly via: readonly Via[] }>>;
  readonly metadata?: { readonly dependencies: { readonly prod: number } };
  /** Of an answer of the registry that is not a report. */
  readonly message?: string;
  readonly error?: { readonly summary?: string };
}

function parse(output: string): AuditOutput {
  try {
    return JSON.parse(output) as AuditOutput;
  } catch {
    return { message: output.trim().split("\n")[0] ?? "" };
  }
}

/**
 * What an audit found, for people: one line where nothing was found or nothing could be asked, else a line for each advisory.
 * @param name what was audited
 * @param output of `npm audit --json`
 */
export function describeAudit(
  name: string,
  output: string,
): { readonly text: string; readonly isClean: boolean } {
  const { vulnerabilities, metadata, message, error } = parse(output);
  if (!vulnerabilities || !metadata) {
    const reason = message || error?.summary || "npm audit answered nothing";
    const mend =
      "nothing was checked; name a registry with npm's audit service: npm_config_registry=URL npm run audit";
    return { text: `${name}: ${reason}; ${mend}`, isClean: false };
  }
  const lines = Object.entries(vulnerabilities).flatMap(([dependency, { via }]) =>
    via.flatMap((cause) =>
      typeof cause === "string"
        ? []
        : [`  ${cause.severity}: ${dependency} ${cause.range}: ${cause.title} (${cause.url})`],
    ),
  );
  const affected = Object.keys(vulnerabilities).length;
  const all = `${metadata.dependencies.prod} production dependencies`;
  if (affected === 0) return { text: `${name}: no known vulnerability in ${all}`, isClean: true };
  const text = [`${name}: known vulnerabilities in ${affected} of ${all}`, ...lines].join("\n");
  return { text, isClean: false };
}
