import type { Clock } from '../../common/index.ts';
import type { Dispatcher, WaitingOperation } from '../operation/dispatcher.ts';
import { invalid, type Outcome } from '../operation/outcome.ts';
import type { Expiry } from '../registration/expiry.ts';
import type { Registration } from '../registration/registration.ts';
import { isAddressed } from './addressed.ts';
import type { Due } from './due.ts';
import type { QueueModeCounters, QueueModeOptions } from './options.ts';
import type { Presence } from './presence.ts';
import { QueuedOperation } from './queued-operation.ts';
import { supersedes } from './superseding.ts';

/** What {@link RequestQueue} is made of. */
export interface RequestQueueParts {
  readonly presence: Presence;
  /** Takes what may be sent. */
  readonly next: Dispatcher;
  readonly wheel: Pick<Expiry<Due>, 'set' | 'remove'>;
  readonly clock: Clock;
  readonly options: QueueModeOptions;
  readonly counters: QueueModeCounters;
}

/** The operations for one device in queue mode. */
interface Line {
  readonly endpoint: string;
  readonly waiting: QueuedOperation[];
  bytes: number;
  underWay: QueuedOperation | undefined;
}

const CANCELLED: Outcome = Object.freeze({ kind: 'cancelled' });

/**
 * Keeps operations for devices in queue mode until they listen, in order, and sends them one by one; what gets no answer
 * goes back to its place (LwM2M 1.1 Transport 6.5). Devices without queue mode pass by.
 */
export class RequestQueue implements Dispatcher {
  readonly #parts: RequestQueueParts;
  readonly #lines = new Map<string, Line>();
  #order = 0;

  constructor(parts: RequestQueueParts) {
    this.#parts = parts;
    parts.presence.woke = (endpoint) => {
      const line = this.#lines.get(endpoint);
      if (line !== undefined) this.#advance(line);
    };
  }

  dispatch(waiting: WaitingOperation): Promise<Outcome> {
    const { endpoint, signal } = waiting;
    if (signal.aborted) return Promise.resolve(CANCELLED);
    const known = this.#lines.get(endpoint);
    if (known === undefined && !this.#parts.presence.hasQueueMode(endpoint)) return this.#parts.next.dispatch(waiting);
    const line = known ?? { endpoint, waiting: [], bytes: 0, underWay: undefined };
    return new Promise((resolve) => {
      const queued = new QueuedOperation(waiting, ++this.#order, resolve, (one) => this.#abandon(line, one));
      this.#admit(line, queued);
    });
  }

  /** When the operation that has waited longest began to, on the monotonic clock; undefined while none waits. */
  get oldestSince(): number | undefined {
    let oldest: number | undefined;
    for (const { waiting } of this.#lines.values()) {
      for (const { waitingSince } of waiting) {
        if (waitingSince !== undefined && (oldest === undefined || waitingSince < oldest)) oldest = waitingSince;
      }
    }
    return oldest;
  }

  /** The endpoint registered again: what waits goes on, unless nothing is at its path any more. */
  replaced(registration: Registration): void {
    const line = this.#lines.get(registration.endpoint);
    if (line === undefined) return;
    for (const queued of [...line.waiting]) {
      if (isAddressed(queued.waiting.operation, registration)) continue;
      this.#remove(line, queued);
      queued.end({ kind: 'gone' });
    }
    this.#forgetIdle(line);
  }

  #admit(line: Line, queued: QueuedOperation): void {
    const superseded = line.waiting.filter(({ waiting }) => {
      return waiting.coalesce && queued.waiting.coalesce && supersedes(queued.waiting.operation, waiting.operation);
    });
    const atOnce = line.underWay === undefined && line.waiting.length === superseded.length && this.#listens(line);
    const refusal = atOnce ? undefined : this.#refusal(line, queued, superseded);
    if (refusal !== undefined) {
      queued.end(refusal);
      return;
    }
    this.#lines.set(line.endpoint, line);
    for (const earlier of superseded) {
      this.#remove(line, earlier);
      earlier.end({ kind: 'superseded' });
    }
    if (atOnce) {
      void this.#run(line, queued);
    } else {
      this.#parts.counters.queued += 1;
      this.#place(line, queued);
    }
  }

  #refusal(line: Line, { bytes }: QueuedOperation, superseded: readonly QueuedOperation[]): Outcome | undefined {
    const { options, counters } = this.#parts;
    const count = 1 - superseded.length;
    const growth = superseded.reduce((sum, earlier) => sum - earlier.bytes, bytes);
    if (line.waiting.length + count > options.operationsPerDevice || line.bytes + growth > options.bytesPerDevice) {
      return invalid('too many operations wait for the device');
    }
    if (counters.waiting + count > options.operationsInAll || counters.bytes + growth > options.bytesInAll) {
      return invalid('too many operations wait');
    }
    return undefined;
  }

  #listens({ endpoint }: Line): boolean {
    return !this.#parts.presence.isAsleep(endpoint);
  }

  /** Files it where it belongs and watches its deadline. */
  #place(line: Line, queued: QueuedOperation): void {
    const { wheel, clock, counters } = this.#parts;
    const { deadlineAt } = queued.waiting;
    const place = line.waiting.findIndex((other) => queued.goesBefore(other));
    line.waiting.splice(place < 0 ? line.waiting.length : place, 0, queued);
    line.bytes += queued.bytes;
    queued.waitingSince ??= clock.monotonic();
    counters.waiting += 1;
    counters.bytes += queued.bytes;
    if (deadlineAt !== undefined) wheel.set(queued, Math.max(0, deadlineAt - clock.monotonic()));
    queued.waiting.hold();
  }

  /** False: it did not wait. */
  #remove(line: Line, queued: QueuedOperation): boolean {
    const place = line.waiting.indexOf(queued);
    if (place < 0) return false;
    line.waiting.splice(place, 1);
    line.bytes -= queued.bytes;
    this.#parts.counters.waiting -= 1;
    this.#parts.counters.bytes -= queued.bytes;
    this.#parts.wheel.remove(queued);
    return true;
  }

  /** Under way it goes on until whoever carries it out has seen the signal. */
  #abandon(line: Line, queued: QueuedOperation): void {
    if (!this.#remove(line, queued)) return;
    queued.end(CANCELLED);
    this.#forgetIdle(line);
  }

  #advance(line: Line): void {
    const now = this.#parts.clock.monotonic();
    while (line.underWay === undefined && this.#listens(line)) {
      const first = line.waiting[0];
      if (first === undefined) break;
      this.#remove(line, first);
      if ((first.waiting.deadlineAt ?? Number.POSITIVE_INFINITY) > now) {
        void this.#run(line, first);
      } else {
        first.waiting.expire();
        first.end(CANCELLED);
      }
    }
    this.#forgetIdle(line);
  }

  async #run(line: Line, queued: QueuedOperation): Promise<void> {
    const { next, clock, presence, counters } = this.#parts;
    line.underWay = queued;
    const began = clock.monotonic();
    queued.waiting.release();
    const outcome = await next.dispatch(queued.waiting);
    line.underWay = undefined;
    if (!queued.waiting.signal.aborted && outcome.kind === 'timeout') presence.silent(line.endpoint, began);
    if (this.#goesBack(line, queued, outcome)) {
      counters.putBack += 1;
      this.#place(line, queued);
    } else {
      queued.end(outcome);
    }
    this.#advance(line);
  }

  #goesBack(line: Line, queued: QueuedOperation, { kind }: Outcome): boolean {
    if ((kind !== 'timeout' && kind !== 'asleep') || queued.waiting.signal.aborted || !queued.isRepeatable)
      return false;
    // That it fell asleep before anything was sent is no attempt.
    if (kind === 'asleep' && !this.#listens(line)) return true;
    queued.attempts += 1;
    return queued.attempts < this.#parts.options.attempts;
  }

  #forgetIdle(line: Line): void {
    if (line.underWay === undefined && line.waiting.length === 0) this.#lines.delete(line.endpoint);
  }
}
