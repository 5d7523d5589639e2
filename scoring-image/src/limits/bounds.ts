/**
 * Bounds on what callers send that no setting changes; those that one does are in `settingsDefinitions.ts`. docs/limits.md lists them all,
 * each with the test that shows it.
 */

/** Characters of an error's message: callers may be quoted in it, but not at length. */
export const maxMessageLength = 1000;

/** Requests of one HTTP connection that have not been answered; a client that sends more without waiting loses the connection. */
export const maxUnanswered = 16;

/** Calls that may be under way on one gRPC connection; HTTP/2 makes clients wait with more. */
export const maxStreams = 100;

/** Calls of gRPC methods that need no key that may be under way in all; more are refused before anything is made of them, and clients try those again by themselves. */
export const maxOpenCalls = 500;

/** Calls of one connection that are refused so before it is ended. */
export const maxRefusedCalls = 20;

/** Megabytes that one gRPC connection may make HTTP/2 hold beside its messages. */
export const maxSessionMegabytes = 64;

/** Bytes of a message to a gRPC method that needs no key, as sent. */
export const maxOpenMessageBytes = 4096;

/** Messages, texts, byte strings and lists of numbers in one gRPC message: decoded each takes a hundred times its bytes. */
export const maxMessageEntries = 10_000;

/** Messages within messages of one gRPC message. */
export const maxMessageDepth = 32;

/** Numbers in the typed lists of one gRPC message; decoded each takes up to 16 bytes. */
export const maxMessageNumbers = 4 * 2 ** 20;

/** Inputs, and filters of outputs, of one TensorFlow Serving Predict call; a model has one input. */
export const maxInputs = 1000;

/** Classes that `?top=` of a scoring call may ask for. */
export const maxTop = 1000;

/** Characters of a request id; the open Azure ML inference server has the same bound. */
export const maxRequestIdLength = 100;

/** Values of a JSON text, an array of numbers being one: each is handed over to the event loop, which must not be held up by millions. */
export const maxJsonValues = 10_000;

/** Deepest nesting of a JSON text that is handed over. */
export const maxJsonDepth = 64;

/** Arrays, NaNs and infinities of a JSON text, rows of numbers included: parsed they take a hundred times their letters. A picture of 1200 x 1200 has 1,441,200 rows. */
export const maxJsonRows = 1_500_000;

/** JSON texts that may wait for the thread that parses large ones. */
export const maxJsonJobs = 64;

/** How long that thread may take for one text, in milliseconds, before it is ended and replaced. */
export const maxJsonMs = 10_000;

/** Megabytes of JavaScript values in that thread. */
export const maxJsonHeapMegabytes = 256;

/** Connections to the metrics port: a few collectors, and a person who looks. */
export const maxMetricsConnections = 64;

/** Bytes of an issuer's keys, and of its configuration; Entra's keys are 20 kB. */
export const maxIssuerBytes = 2 ** 20;

/** Bytes of log lines that wait while they cannot be written; what comes after is dropped and counted. */
export const maxLogBacklog = 2 ** 20;
