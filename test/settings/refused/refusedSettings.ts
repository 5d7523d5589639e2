/** A configuration that is refused, and every line of the refusal. */
export interface RefusedSettings {
  readonly title: string;
  readonly stack: string;
  readonly overrides: Readonly<Record<string, unknown>>;
  readonly lines: readonly string[];
}
