/** Names and texts that every taggable Azure resource carries. */
export type Tags = Readonly<Record<string, string>>;

/** The user's tags with the program's own, which win: the policy pack looks for them. */
export const tagsOf = (project: string, stack: string, own: Tags): Tags => ({
  ...own,
  project,
  stack,
});
