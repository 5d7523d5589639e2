/**
 * Bounds on what callers send that no setting changes; those that one does are in `settingsDefinitions.ts`. docs/limits.md lists them all,
 * each with the test that shows it.
 */

/** Characters of an error's message: callers may be quoted in it, but not at length. */
export const maxMessageLength = 1000;

/** Requests of one HTTP connection that have not been answered; a client that sends more without waiting loses the connection. */
export const maxUnanswered = 16;

/** Calls that may be under way on one gRPC connection; HTTP/2 makes clients wait with more. */
export const maxStreams = 256;

/** Megabytes that one gRPC connection may make HTTP/2 hold beside its messages. */
export const maxSessionMegabytes = 64;

/** Bytes of a message to a gRPC method that needs no key, as sent. */
export const maxOpenMessageBytes = 4096;

/** Messages, texts, byte strings and lists of numbers in one gRPC message: decoded each takes a hundred times its bytes. */
export const maxMessageEntries = 10_000;

/** Messages within messages of one gRPC message. */
export const maxMessageDepth = 32;

/** Bytes of numbers in the typed lists of one gRPC message; decoded a byte makes up to 16. */
export const maxMessageNumbers = 4 * 2 ** 20;

/** JSON texts that may wait for the thread that parses and writes large ones. */
export const maxJsonJobs = 64;

/** How long that thread may take for one text, in milliseconds, before it is ended and replaced. */
export const maxJsonMs = 10_000;

/** Megabytes of JavaScript values in that thread. */
export const maxJsonHeapMegabytes = 256;
