import type { WaitingOperation } from '../operation/dispatcher.ts';
import type { Outcome } from '../operation/outcome.ts';
import { Due } from './due.ts';
import { operationBytes } from './operation-bytes.ts';

/** An operation for a device in queue mode, until it has its outcome; `due` is its deadline while it waits. */
export class QueuedOperation extends Due {
  readonly waiting: WaitingOperation;
  readonly bytes: number;
  /** When it first had to wait, on the monotonic clock; undefined until it has. */
  waitingSince: number | undefined;
  /** How often it was sent without an answer. */
  attempts = 0;
  readonly #order: number;
  readonly #settle: (outcome: Outcome) => void;
  readonly #abandoned: () => void;

  constructor(
    waiting: WaitingOperation,
    order: number,
    settle: (outcome: Outcome) => void,
    abandoned: (queued: QueuedOperation) => void,
  ) {
    super();
    this.waiting = waiting;
    this.bytes = operationBytes(waiting.operation);
    this.#order = order;
    this.#settle = settle;
    this.#abandoned = () => abandoned(this);
    waiting.signal.addEventListener('abort', this.#abandoned, { once: true });
  }

  /** Commands before background work, each in the order asked. */
  goesBefore(other: QueuedOperation): boolean {
    if (this.waiting.urgency !== other.waiting.urgency) return this.waiting.urgency === 'command';
    return this.#order < other.#order;
  }

  /** Ends an observation that is forgotten already: what still comes of it is reset (RFC 7641 3.6). */
  get isRepeatable(): boolean {
    return !this.waiting.operation.type.startsWith('cancel-');
  }

  due(): void {
    this.waiting.expire();
  }

  end(outcome: Outcome): void {
    this.waiting.signal.removeEventListener('abort', this.#abandoned);
    this.#settle(outcome);
  }
}
