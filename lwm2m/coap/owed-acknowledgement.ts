import type { Deadline } from './deadlines.ts';
import type { LayerContext } from './layer-context.ts';

/** How many times ACK_TIMEOUT a device may wait for an acknowledgement at most: long before it gives up (RFC 7252 4.8.2). */
const MOST_WAITS = 8;

/**
 * The acknowledgement of a CON notification that has to wait: given once, when what it brought is taken. A device that does
 * nothing else until it has it gets it after ACK_TIMEOUT, before its first retransmission.
 */
export class OwedAcknowledgement implements Deadline {
  dueAt = 0;
  place = -1;
  readonly #context: Pick<LayerContext, 'deadlines' | 'now' | 'parameters'>;
  readonly #latest: number;
  #give: (() => void) | undefined;
  #after: (() => Promise<void> | undefined) | undefined;

  /** `early`: given after ACK_TIMEOUT at the latest, and not only when it is settled. */
  constructor(context: Pick<LayerContext, 'deadlines' | 'now' | 'parameters'>, give: () => void, early = true) {
    this.#context = context;
    this.#latest = context.now() + MOST_WAITS * context.parameters.ackTimeout;
    this.#give = give;
    if (early) this.extend();
  }

  /** True while it was not given. */
  get isOwed(): boolean {
    return this.#give !== undefined;
  }

  /** The device is seen to go on meanwhile: it can wait a little longer. */
  extend(): void {
    const { deadlines, now, parameters } = this.#context;
    if (this.isOwed) deadlines.set(this, Math.min(now() + parameters.ackTimeout, this.#latest));
  }

  /** Given when `taken` has settled, however long that takes. */
  settle(taken: true | Promise<void>): void {
    this.#context.deadlines.cancel(this);
    const give = () => this.due();
    if (taken === true) give();
    else taken.then(give, give);
  }

  /** As `settle`, of what `after` gives when all who wait for this moment have seen what came. */
  settleSoon(after: () => Promise<void> | undefined): void {
    this.#after = after;
    this.#context.deadlines.set(this, this.#context.now());
  }

  /** Not given any more. */
  withhold(): void {
    this.#context.deadlines.cancel(this);
    this.#give = undefined;
  }

  due(): void {
    const after = this.#after;
    if (after !== undefined) {
      this.#after = undefined;
      this.settle(after() ?? true);
      return;
    }
    const give = this.#give;
    this.#give = undefined;
    give?.();
  }
}
