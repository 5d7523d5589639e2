import type { Logger } from "pino";
import type { Pipeline } from "./pipeline";

/** When what is done about a run that goes on after it was given up, in milliseconds. */
export interface HangTimes {
  /** After which it counts as hanging. */
  readonly unreadyMs: number;
  /** After which the process should end. */
  readonly fatalMs: number;
  /** Between two looks. */
  readonly intervalMs: number;
}

const defaultTimes: HangTimes = { unreadyMs: 10_000, fatalMs: 30_000, intervalMs: 1000 };

/**
 * Watches for a run that never returns, as a device that hangs leaves it: nothing in this process can end it. The service stops being ready, and
 * when that has not helped the process should end, so that another one may take the device.
 */
export class HangWatch {
  readonly #timer: NodeJS.Timeout;
  #isHanging = false;

  /** @param onHang called once when the process should end */
  constructor(
    pipeline: Pick<Pipeline, "overdueMs">,
    logger: Logger,
    onHang: (reason: Error) => void,
    { unreadyMs, fatalMs, intervalMs }: HangTimes = defaultTimes,
  ) {
    this.#timer = setInterval(() => {
      const { overdueMs } = pipeline;
      if (overdueMs > unreadyMs !== this.#isHanging) {
        this.#isHanging = !this.#isHanging;
        if (this.#isHanging) logger.error({ overdueMs }, "a run does not return: not ready");
        else logger.info("the run has returned");
      }
      if (overdueMs <= fatalMs) return;
      this.close();
      onHang(new Error(`a run has not returned ${fatalMs} ms after it was given up`));
    }, intervalMs).unref();
  }

  /** True while a run hangs: nothing should be sent to this process. */
  get isHanging(): boolean {
    return this.#isHanging;
  }

  close(): void {
    clearInterval(this.#timer);
  }
}
