import type { Clock, Logger } from '../../common/index.ts';
import {
  type Answer,
  type Refusal,
  type Registration,
  type RegistrationHandler,
  ReturnTimes,
} from '../../lwm2m/index.ts';
import { ServiceRate } from './service-rate.ts';

/** Within how long a device that is admitted shall have its answer. */
export interface AdmissionSettings {
  /** Milliseconds that a Register or Update may be expected to wait. */
  readonly maxWait: number;
}

/** What admission works with. */
export interface AdmissionParts {
  readonly clock: Pick<Clock, 'monotonic'>;
  readonly logger: Logger;
  /** From 0 up to 1; spreads the devices that are told to come again. */
  readonly random: () => number;
}

/** Numbers since the start. */
export interface AdmissionCounters {
  /** Registers and Updates told to come again. */
  refused: number;
}

/** So many at once show how fast they can be served; fewer show only how fast they come. */
const CROWD = 64;
/** A rate that is taken where nothing at all has ended of late. */
const SLOWEST = 1;

/**
 * Lets in what can be answered in time. Whoever waits has an acknowledgement and a separate response; when those that wait
 * already take longer than `maxWait` at the rate of the moment, others are told to come again, each at a time of its own
 * (5.03 with Max-Age, RFC 7252 5.9.3.4). De-register and expiry are always let in: they make room.
 */
export class Admission implements RegistrationHandler {
  readonly counters: AdmissionCounters = { refused: 0 };
  readonly #next: RegistrationHandler;
  readonly #settings: AdmissionSettings;
  readonly #parts: AdmissionParts;
  readonly #rate = new ServiceRate();
  readonly #times: ReturnTimes;
  #underWay = 0;
  #full = false;

  constructor(next: RegistrationHandler, settings: AdmissionSettings, parts: AdmissionParts) {
    this.#next = next;
    this.#settings = settings;
    this.#parts = parts;
    this.#times = new ReturnTimes(parts.random);
  }

  /** Registers and Updates that have no answer yet. */
  get underWay(): number {
    return this.#underWay;
  }

  register(registration: Registration, previous: Registration | undefined): Answer {
    return this.#admit(() => this.#next.register(registration, previous));
  }

  update(registration: Registration, previous: Registration): Answer {
    return this.#admit(() => this.#next.update(registration, previous));
  }

  deregister(registration: Registration): Answer {
    return this.#next.deregister(registration);
  }

  expire(registration: Registration): void | Promise<void> {
    return this.#next.expire(registration);
  }

  #admit(ask: () => Answer): Answer {
    const now = this.#parts.clock.monotonic();
    const refusal = this.#refusal(now);
    if (refusal !== undefined) return refusal;
    this.#underWay += 1;
    if (this.#underWay === CROWD) this.#rate.crowd(true, now);
    let answer: Answer;
    try {
      answer = ask();
    } catch (error) {
      this.#ended();
      throw error;
    }
    if (answer instanceof Promise) return answer.finally(() => this.#ended());
    this.#ended();
    return answer;
  }

  #refusal(now: number): Refusal | undefined {
    const known = this.#rate.perSecond(now);
    const rate = Math.max(known ?? 0, SLOWEST);
    const wait = known === undefined ? 0 : this.#underWay / rate;
    const full = wait * 1_000 > this.#settings.maxWait;
    if (full !== this.#full) this.#tell(full, rate);
    if (!full) return undefined;
    this.counters.refused += 1;
    return { code: '5.03', diagnostic: 'too many devices at once', maxAge: this.#times.next(now, rate, wait) };
  }

  #ended(): void {
    const now = this.#parts.clock.monotonic();
    this.#rate.ended(now);
    this.#underWay -= 1;
    if (this.#underWay === CROWD - 1) this.#rate.crowd(false, now);
  }

  #tell(full: boolean, rate: number): void {
    this.#full = full;
    const fields = { waiting: this.#underWay, perSecond: Math.round(rate) };
    if (full)
      this.#parts.logger.warn('more devices register than the CSE can take; some are told to come later', fields);
    else this.#parts.logger.info('all devices are let in again', { ...fields, refused: this.counters.refused });
  }
}
