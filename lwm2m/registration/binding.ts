/** A `b` parameter, read. */
export interface Binding {
  /** Transport letters without Q, in the order sent. */
  readonly letters: string;
  /** True when a Q stood among them (the 1.0 syntax). */
  readonly queueMode: boolean;
}

/** U UDP, S SMS (LwM2M 1.0 table 4), T TCP, N non-IP (1.1), M MQTT, H HTTP (1.2). */
const TRANSPORTS = 'USTNMH';

/**
 * Reads a binding of any version: `U UQ S SQ US UQS` (LwM2M 1.0 5.3.1.1), `UQT` and letters without Q (1.1, 1.2), for
 * clients mix them. Undefined for anything else, also for `USQ` and `UQSQ`, which 5.3.1.1 rules out: Q after S speaks
 * of SMS alone, unless S is the only transport.
 */
export function readBinding(value: string): Binding | undefined {
  let letters = '';
  let queueMode = false;
  for (const letter of value) {
    if (letter === 'Q' ? queueMode || letters === '' : !TRANSPORTS.includes(letter) || letters.includes(letter)) {
      return undefined;
    }
    if (letter !== 'Q') letters += letter;
    else if (letters.length > 1 && letters.endsWith('S')) return undefined;
    else queueMode = true;
  }
  return letters === '' ? undefined : { letters, queueMode };
}
