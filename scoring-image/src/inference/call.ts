/** How long the caller will wait. */
export interface CallContext {
  /** Aborted when the caller has gone away. */
  readonly signal: AbortSignal;
  /** `performance.now()` time after which no answer is wanted. */
  readonly deadline: number;
}

/** How an answer is to be written: the name of a form and what it needs to know, which JSON can hold. */
export interface AnswerForm {
  readonly form: string;
  readonly args: unknown;
}

/** A request's answer as its form wrote it. */
export interface WrittenAnswer {
  /** What the form says beside the body. */
  readonly head: unknown;
  /** A string where the form says that it is a text: it is copied less often on its way to a socket. */
  readonly body: Buffer | string;
}

/** A request's answer, and where the time went, in milliseconds. */
export interface Answer extends WrittenAnswer {
  readonly times: Times;
}

/** Milliseconds of a request's slowest picture in each stage. */
export interface Times {
  /** From its arrival until a lane took it. */
  readonly queueMs: number;
  /** Decoding and resizing. */
  readonly imagingMs: number;
  /** The batch that it was in, on the device or the CPU. */
  readonly inferenceMs: number;
}
