/** How long runs take, smoothed as TCP smooths round trips (RFC 6298, section 2): a mean and a mean deviation, in milliseconds. */
export class RunTimes {
  #mean: number | undefined;
  #deviation = 0;

  observe(ms: number): void {
    if (this.#mean === undefined) {
      this.#mean = ms;
      this.#deviation = ms / 2;
      return;
    }
    this.#deviation += (Math.abs(ms - this.#mean) - this.#deviation) / 4;
    this.#mean += (ms - this.#mean) / 8;
  }

  /** A guess at the next run that is rather too long than too short, in milliseconds; undefined before the first. */
  get cautiousMs(): number | undefined {
    return this.#mean === undefined ? undefined : this.#mean + 2 * this.#deviation;
  }
}
