import type { Clock, Logger } from '../../common/index.ts';
import { nameOf } from '../coap/peer-identity.ts';
import type { Peer } from '../coap/types.ts';
import { excerpt } from '../registration/excerpt.ts';

/** A refusal is told in the log at most this often, ms: peers choose how many there are. */
const QUIET = 1_000;

/** Requests of peers that may not speak for the endpoint: counted, and told in the log. */
export class Refusals {
  /** Only ever counts up. */
  readonly counters = { refused: 0 };
  readonly #clock: Clock;
  readonly #logger: Logger;
  #toldAt = Number.NEGATIVE_INFINITY;
  #untold = 0;

  constructor(clock: Clock, logger: Logger) {
    this.#clock = clock;
    this.#logger = logger;
  }

  add(operation: string, { address, identity }: Peer, endpoint: string, reason: string): void {
    this.counters.refused += 1;
    this.#untold += 1;
    const now = this.#clock.monotonic();
    if (now - this.#toldAt < QUIET) return;
    this.#logger.warn('a peer may not speak for an endpoint', {
      operation,
      endpoint: excerpt(endpoint),
      identity: identity === undefined ? 'none' : excerpt(nameOf(identity)),
      address,
      reason,
      ...(this.#untold > 1 && { refused: this.#untold }),
    });
    this.#toldAt = now;
    this.#untold = 0;
  }
}
