/** What the rules find: problems stop the deployment, notices are printed with every preview and update. */
export interface Findings {
  readonly problems: readonly string[];
  readonly notices: readonly string[];
}

/** Findings of several rules in one. */
export const merge = (...all: readonly Findings[]): Findings => ({
  problems: all.flatMap(({ problems }) => problems),
  notices: all.flatMap(({ notices }) => notices),
});

/** One problem in the form that all of them have: key, value, what is allowed and the line that mends it. */
export const problem = (key: string, value: unknown, why: string, mend: string): string =>
  `${key} is ${shown(value)}: ${why}. Mend it with: pulumi config set ${mend}`;

function shown(value: unknown): string {
  if (value === undefined || value === "") return "not set";
  return typeof value === "string" ? `"${value}"` : JSON.stringify(value);
}
