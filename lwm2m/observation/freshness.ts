/** Number and arrival of the freshest notification of an observation. */
export interface Freshest {
  /** Of the Observe option, 24 bits. */
  readonly number: number;
  /** Milliseconds on a monotonic clock. */
  readonly at: number;
}

const HALF = 2 ** 23;
/** After this long numbers say nothing any more. */
const NUMBERS_LAST = 128_000;

/** True when a notification is newer than the freshest before (RFC 7641 3.4). */
export function isFresh(before: Freshest | undefined, number: number, at: number): boolean {
  if (before === undefined || at > before.at + NUMBERS_LAST) return true;
  const last = before.number;
  return (last < number && number - last < HALF) || (last > number && last - number > HALF);
}
