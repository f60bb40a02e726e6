import type { Clock } from '../../common/index.ts';
import type { ExchangeEnd, Reach } from '../operation/reach.ts';
import type { Expiry } from '../registration/expiry.ts';
import type { Registration } from '../registration/registration.ts';
import type { RegistrationRegistry } from '../registration/registry.ts';
import { Due } from './due.ts';
import type { QueueModeCounters, QueueModeOptions } from './options.ts';

/** What {@link Presence} is made of. */
export interface PresenceParts {
  readonly registrations: Pick<RegistrationRegistry, 'byEndpoint'>;
  readonly clock: Clock;
  readonly wheel: Pick<Expiry<Due>, 'set' | 'remove'>;
  readonly options: Pick<QueueModeOptions, 'awakeWindow' | 'awakeWindowOf'>;
  readonly counters: QueueModeCounters;
}

/** A device in queue mode; `deadline` is the end of its awake window. */
class Sleeper extends Due {
  awake = false;
  /** Monotonic clock. */
  heardAt = Number.NEGATIVE_INFINITY;
  /** Exchanges under way, either way; they keep it awake. */
  holds = 0;
  readonly endpoint: string;
  readonly #presence: Presence;

  constructor(endpoint: string, presence: Presence) {
    super();
    this.endpoint = endpoint;
    this.#presence = presence;
  }

  due(): void {
    this.#presence.isAsleep(this.endpoint);
  }
}

/** Devices without queue mode always listen. */
const ALWAYS = (): void => undefined;

/**
 * Which devices in queue mode listen: for the awake window after each message of theirs and while an exchange with them
 * is under way, until a request to them times out (LwM2M 1.1 Transport 6.5).
 */
export class Presence implements Reach {
  /** Told when a device is heard and listens; to be set once. */
  woke: (endpoint: string) => void = ALWAYS;
  readonly #parts: PresenceParts;
  readonly #sleepers = new Map<string, Sleeper>();

  constructor(parts: PresenceParts) {
    this.#parts = parts;
  }

  hasQueueMode(endpoint: string): boolean {
    return this.#parts.registrations.byEndpoint(endpoint)?.queueMode === true;
  }

  /** Never for a device without queue mode; always for one in queue mode that was not heard yet. */
  isAsleep(endpoint: string): boolean {
    if (!this.hasQueueMode(endpoint)) return false;
    const sleeper = this.#sleepers.get(endpoint);
    if (sleeper === undefined) return true;
    if (sleeper.awake && sleeper.holds === 0 && this.#parts.clock.monotonic() >= sleeper.deadline) this.#sleep(sleeper);
    return !sleeper.awake;
  }

  /** A message of the device came, and was answered where it wants an answer. */
  heard(registration: Registration): void {
    const { endpoint } = registration;
    if (registration.queueMode) this.#wake(this.#sleeperOf(endpoint), registration);
    else this.forget(endpoint);
    this.woke(endpoint);
  }

  /** A request that began at `since` was not answered: it sleeps, unless it was heard meanwhile. */
  silent(endpoint: string, since: number): void {
    const sleeper = this.#sleepers.get(endpoint);
    if (sleeper?.awake && sleeper.heardAt <= since) this.#sleep(sleeper);
  }

  /**
   * A request of the device is being answered; call the result, where there is one, once it was. An awake device stays awake
   * so long.
   */
  hold(endpoint: string): (() => void) | undefined {
    const sleeper = this.#sleepers.get(endpoint);
    if (sleeper === undefined) return undefined;
    sleeper.holds += 1;
    return () => this.#release(sleeper);
  }

  begin(endpoint: string): ((end: ExchangeEnd) => void) | undefined {
    if (!this.hasQueueMode(endpoint)) return ALWAYS;
    if (this.isAsleep(endpoint)) return undefined;
    const sleeper = this.#sleepers.get(endpoint)!;
    const since = this.#parts.clock.monotonic();
    sleeper.holds += 1;
    return (end) => {
      if (end === 'answered') this.#answered(sleeper);
      if (end === 'silent' && this.#isCurrent(sleeper)) this.silent(endpoint, since);
      this.#release(sleeper);
    };
  }

  /** True for devices in queue mode, and for those that have just left it. */
  concerns({ endpoint, queueMode }: Registration): boolean {
    return queueMode || this.#sleepers.has(endpoint);
  }

  /** Nothing is known of the device any more. */
  forget(endpoint: string): void {
    const sleeper = this.#sleepers.get(endpoint);
    if (sleeper === undefined) return;
    this.#sleepers.delete(endpoint);
    this.#parts.wheel.remove(sleeper);
    this.#parts.counters[sleeper.awake ? 'awake' : 'asleep'] -= 1;
  }

  #sleeperOf(endpoint: string): Sleeper {
    const known = this.#sleepers.get(endpoint);
    if (known !== undefined) return known;
    const sleeper = new Sleeper(endpoint, this);
    this.#sleepers.set(endpoint, sleeper);
    this.#parts.counters.asleep += 1;
    return sleeper;
  }

  #wake(sleeper: Sleeper, registration: Registration): void {
    const { clock, wheel, counters } = this.#parts;
    sleeper.heardAt = clock.monotonic();
    wheel.set(sleeper, this.#windowOf(registration));
    if (sleeper.awake) return;
    sleeper.awake = true;
    counters.asleep -= 1;
    counters.awake += 1;
  }

  #sleep(sleeper: Sleeper): void {
    const { wheel, counters } = this.#parts;
    wheel.remove(sleeper);
    sleeper.awake = false;
    counters.awake -= 1;
    counters.asleep += 1;
  }

  #answered(sleeper: Sleeper): void {
    const registration = this.#parts.registrations.byEndpoint(sleeper.endpoint);
    if (registration !== undefined && this.#isCurrent(sleeper)) this.heard(registration);
  }

  /** The window may have passed while the exchange was under way. */
  #release(sleeper: Sleeper): void {
    sleeper.holds -= 1;
    if (this.#isCurrent(sleeper)) this.isAsleep(sleeper.endpoint);
  }

  #isCurrent(sleeper: Sleeper): boolean {
    return this.#sleepers.get(sleeper.endpoint) === sleeper;
  }

  #windowOf(registration: Registration): number {
    const { awakeWindow, awakeWindowOf } = this.#parts.options;
    try {
      const own = awakeWindowOf(registration);
      return own !== undefined && own >= 0 ? own : awakeWindow;
    } catch {
      return awakeWindow;
    }
  }
}
