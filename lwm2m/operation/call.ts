import type { Clock, Timer } from '../../common/index.ts';
import type { Urgency, WaitingOperation } from './dispatcher.ts';
import type { Operation } from './operation.ts';
import type { Outcome, Unanswered } from './outcome.ts';

/** Until when an operation may take, and how it stands among others. */
export interface PerformOptions {
  /** Milliseconds from now, the wait for earlier operations included; absent: each message has its own time alone. */
  readonly deadline?: number;
  readonly signal?: AbortSignal;
  /** `command` where not given. */
  readonly urgency?: Urgency;
}

/** One operation that was asked for, until it has its one outcome. */
export class Call implements WaitingOperation {
  readonly endpoint: string;
  readonly operation: Operation;
  readonly urgency: Urgency;
  readonly outcome: Promise<Outcome>;
  /** The registration under which it is under way; undefined while it waits. */
  registrationId: string | undefined;
  readonly #work: (call: Call) => Promise<Outcome>;
  readonly #controller = new AbortController();
  readonly #callerSignal: AbortSignal | undefined;
  #timer: Timer | undefined;
  #settle: ((outcome: Outcome) => void) | undefined;
  readonly #cancel = (): void => this.callOff('cancelled');

  constructor(
    endpoint: string,
    operation: Operation,
    { deadline, signal, urgency = 'command' }: PerformOptions,
    clock: Clock,
    work: (call: Call) => Promise<Outcome>,
  ) {
    this.endpoint = endpoint;
    this.operation = operation;
    this.urgency = urgency;
    this.outcome = new Promise((resolve) => {
      this.#settle = resolve;
    });
    this.#work = work;
    this.#callerSignal = signal;
    signal?.addEventListener('abort', this.#cancel, { once: true });
    if (deadline !== undefined) this.#timer = clock.timer(deadline, () => this.callOff('timeout'));
  }

  get signal(): AbortSignal {
    return this.#controller.signal;
  }

  async carryOut(): Promise<Outcome> {
    try {
      return await this.#work(this);
    } finally {
      this.registrationId = undefined;
    }
  }

  /** Settles it with this outcome and calls off what is still done for it. */
  callOff(kind: Unanswered['kind']): void {
    this.settle({ kind });
    this.#controller.abort();
  }

  /** The first outcome counts. */
  settle(outcome: Outcome): void {
    const settle = this.#settle;
    if (settle === undefined) return;
    this.#settle = undefined;
    this.#timer?.cancel();
    this.#callerSignal?.removeEventListener('abort', this.#cancel);
    settle(outcome);
  }
}
