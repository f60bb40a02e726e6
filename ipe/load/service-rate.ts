/** Milliseconds of a slice, and slices that count. */
const SLICE = 250;
const SLICES = 20;
/** Slices after which the rate is known: before, too little has ended to tell, and a process that has just started is slow. */
const KNOWN_AFTER = 8;

/** How much ends in a second while there is a crowd, over its last seconds. Without a crowd the rate says nothing. */
export class ServiceRate {
  /** Empty without a crowd; the last one still runs. */
  readonly #slices: number[] = [];
  #slice = 0;

  /** A crowd has come or gone; `now` in monotonic milliseconds. */
  crowd(there: boolean, now: number): void {
    this.#slices.length = 0;
    if (!there) return;
    this.#slice = Math.floor(now / SLICE);
    this.#slices.push(0);
  }

  /** One has ended. */
  ended(now: number): void {
    this.#turn(now);
    const last = this.#slices.length - 1;
    if (last >= 0) this.#slices[last] = (this.#slices[last] as number) + 1;
  }

  /** A second; undefined while it is not known. */
  perSecond(now: number): number | undefined {
    this.#turn(now);
    const whole = this.#slices.length - 1;
    if (whole < KNOWN_AFTER) return undefined;
    const ended = this.#slices.reduce((sum, one) => sum + one, 0) - (this.#slices[whole] as number);
    return ended / ((whole * SLICE) / 1_000);
  }

  #turn(now: number): void {
    if (this.#slices.length === 0) return;
    const slice = Math.floor(now / SLICE);
    const passed = Math.min(slice - this.#slice, SLICES);
    for (let n = 0; n < passed; n += 1) this.#slices.push(0);
    if (this.#slices.length > SLICES) this.#slices.splice(0, this.#slices.length - SLICES);
    this.#slice = slice;
  }
}
