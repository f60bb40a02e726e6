/** How a request to a device ended: it answered, it was silent for its whole time, or that cannot be told. */
export type ExchangeEnd = 'answered' | 'silent' | 'unknown';

/** Knows whether devices listen, and learns it from every request to them. */
export interface Reach {
  /**
   * A request is about to leave for the endpoint; called again when it has ended. Undefined: the device sleeps, and
   * nothing may be sent.
   */
  begin(endpoint: string): ((end: ExchangeEnd) => void) | undefined;
}
