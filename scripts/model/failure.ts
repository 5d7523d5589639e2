/** Exit codes of `npm run model`, as its help prints them. */
export const exitCodes = {
  usage: 2,
  refused: 3,
  download: 4,
  python: 5,
  differs: 6,
} as const;

/** Why a verb ended without what was asked for; the message is all that is printed. */
export class CommandFailure extends Error {
  constructor(
    readonly kind: keyof typeof exitCodes,
    message: string,
    options?: ErrorOptions,
  ) {
    super(message, options);
  }
}
