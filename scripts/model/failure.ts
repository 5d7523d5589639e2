/** Exit codes of `npm run model`, as its help prints them. */
export const exitCodes = {
  usage: 2,
  refused: 3,
  download: 4,
  python: 5,
  differs: 6,
  files: 7,
  interrupted: 130,
} as const;

/** Whether the system refused what was asked of a file or folder, such as ENOENT, EACCES or ENOSPC; its message names the path. */
export const isFileError = (error: unknown): error is NodeJS.ErrnoException =>
  error instanceof Error && "syscall" in error && "path" in error;

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
