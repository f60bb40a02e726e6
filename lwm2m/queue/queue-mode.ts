import type { Clock } from '../../common/index.ts';
import type { Dispatcher } from '../operation/dispatcher.ts';
import { Expiry } from '../registration/expiry.ts';
import type { Registration } from '../registration/registration.ts';
import type { RegistrationRegistry } from '../registration/registry.ts';
import type { Due } from './due.ts';
import { DEFAULT_QUEUE_MODE, type QueueModeCounters, type QueueModeOptions } from './options.ts';
import { Presence } from './presence.ts';
import { RequestQueue } from './request-queue.ts';

/** What queue mode is made of. */
export interface QueueModeParts {
  readonly registrations: Pick<RegistrationRegistry, 'byEndpoint'>;
  readonly clock: Clock;
  /** Takes what may be sent. */
  readonly next: Dispatcher;
  readonly options: Partial<QueueModeOptions>;
}

/** Queue mode of a server: who sleeps, and what waits for them; one timer for all (LwM2M 1.1 Transport 6.5). */
export class QueueMode {
  readonly counters: QueueModeCounters = { awake: 0, asleep: 0, waiting: 0, bytes: 0, queued: 0, putBack: 0 };
  readonly presence: Presence;
  readonly queue: RequestQueue;
  readonly #wheel: Expiry<Due>;

  constructor({ registrations, clock, next, options: given }: QueueModeParts) {
    const { counters } = this;
    const options = { ...DEFAULT_QUEUE_MODE, ...given };
    this.#wheel = new Expiry<Due>(clock, (item) => item.due());
    const parts = { clock, options, counters, wheel: this.#wheel };
    this.presence = new Presence({ ...parts, registrations });
    this.queue = new RequestQueue({ ...parts, presence: this.presence, next });
  }

  /** The endpoint registered over a registration. */
  replaced(registration: Registration): void {
    this.queue.replaced(registration);
  }

  /** The registration has ended; the operations that wait for it are called off by whoever holds them. */
  ended({ endpoint }: Registration): void {
    this.presence.forget(endpoint);
  }

  stop(): void {
    this.#wheel.stop();
  }
}
