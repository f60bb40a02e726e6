import type { Clock, Timer } from '../../common/index.ts';
import type { Operation } from '../operation/operation.ts';
import type { Outcome } from '../operation/outcome.ts';
import { isListed } from '../registration/listed-paths.ts';
import type { Registration } from '../registration/registration.ts';
import { type ObservationTarget, observeOperation, targetText } from './observation.ts';
import type { Observations } from './observations.ts';
import type { ObservationChange } from './report.ts';

/** What renewing observations needs. */
export interface RenewalParts {
  readonly observations: Observations;
  readonly clock: Clock;
  /** At least 0, below 1. */
  readonly random: () => number;
  /** Milliseconds, see `OperationLimits`. */
  readonly settleTime: number;
  /** Asks a device as background work. */
  readonly perform: (endpoint: string, operation: Operation) => Promise<Outcome>;
  readonly changed: (change: ObservationChange) => void;
}

interface Pending {
  readonly registration: Registration;
  readonly targets: readonly ObservationTarget[];
  readonly timer: Timer;
}

/**
 * What becomes of observations when a device says anew what it has: asked for anew after a Register over its registration
 * (LwM2M 1.1 6.4.1), ended where an Update lists their instances no more. One of several paths is enough to go on.
 */
export class ObservationRenewal {
  readonly #parts: RenewalParts;
  readonly #pending = new Map<string, Pending>();

  constructor(parts: RenewalParts) {
    this.#parts = parts;
  }

  /**
   * A registration has taken the place of another. The observations of that one end, and are asked for again some time
   * after the Register was answered, those of a whole fleet spread in time.
   */
  replaced(registration: Registration, previous: Registration): void {
    const { observations, clock, random, settleTime } = this.#parts;
    const ended = observations.removeAll(previous.id).map(({ target }) => target);
    const earlier = this.#pending.get(registration.endpoint)?.targets ?? [];
    this.left(registration);
    const targets = [...new Map([...earlier, ...ended].map((target) => [targetText(target), target])).values()];
    if (targets.length === 0) return;
    const timer = clock.timer(settleTime * (1 + random()), () => this.#start(registration.endpoint));
    this.#pending.set(registration.endpoint, { registration, targets, timer });
  }

  /**
   * An Update changed what the device lists. Nothing is sent for what has vanished there: should it be notified all the
   * same, that is reset.
   */
  updated(registration: Registration): void {
    const { observations, changed } = this.#parts;
    for (const observation of observations.of(registration.id)) {
      const { target, isEstablished } = observation;
      // What is being asked for has its answer to tell.
      if (!isEstablished || isThere(registration, target)) continue;
      observations.remove(observation);
      changed({ kind: 'ended', registration, ...target });
    }
  }

  /** Nothing is asked for any more. */
  left({ endpoint }: Pick<Registration, 'endpoint'>): void {
    this.#pending.get(endpoint)?.timer.cancel();
    this.#pending.delete(endpoint);
  }

  stop(): void {
    for (const endpoint of [...this.#pending.keys()]) this.left({ endpoint });
  }

  #start(endpoint: string): void {
    const pending = this.#pending.get(endpoint);
    if (pending === undefined) return;
    this.#pending.delete(endpoint);
    const { registration, targets } = pending;
    for (const target of targets) {
      // Somebody was quicker.
      if (this.#parts.observations.find(registration.id, target) !== undefined) continue;
      if (isThere(registration, target)) void this.#renew(registration, target);
      else this.#parts.changed({ kind: 'ended', registration, ...target });
    }
  }

  async #renew(registration: Registration, target: ObservationTarget): Promise<void> {
    const { endpoint } = registration;
    const outcome = await this.#parts.perform(endpoint, observeOperation(target));
    // Another Register came in between: it is not over.
    if (outcome.kind !== 'success' && this.#isPending(endpoint, target)) return;
    this.#parts.changed({ kind: 'renewed', registration, ...target, outcome });
  }

  #isPending(endpoint: string, target: ObservationTarget): boolean {
    const wanted = targetText(target);
    return this.#pending.get(endpoint)?.targets.some((one) => targetText(one) === wanted) === true;
  }
}

function isThere(registration: Registration, { paths }: ObservationTarget): boolean {
  return paths.some((path) => isListed(registration, path));
}
