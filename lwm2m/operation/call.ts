import type { Clock, Timer } from '../../common/index.ts';
import type { OperationState, Urgency, WaitingOperation } from './dispatcher.ts';
import type { Operation } from './operation.ts';
import type { Outcome, Unanswered } from './outcome.ts';

/** Until when an operation may take, and how it stands among others. */
export interface PerformOptions {
  /** Milliseconds from now, the wait for earlier operations included; absent: each message has its own time alone. */
  readonly deadline?: number;
  readonly signal?: AbortSignal;
  /** `command` where not given. */
  readonly urgency?: Urgency;
  /**
   * Told when it has to wait for the device to wake, and when its first request leaves; again when it was put back. Not
   * told of its end: that is the outcome. What it throws is ignored.
   */
  readonly onState?: (state: OperationState) => void;
  /**
   * True for a Write of which only the last counts: while it waits for a device that sleeps, a later one to the same path
   * that says so too supersedes it. The later one keeps its own place: it overtakes nothing.
   */
  readonly coalesce?: boolean;
}

/** One operation that was asked for, until it has its one outcome. */
export class Call implements WaitingOperation {
  readonly endpoint: string;
  readonly operation: Operation;
  readonly urgency: Urgency;
  readonly coalesce: boolean;
  readonly deadlineAt: number | undefined;
  readonly outcome: Promise<Outcome>;
  /** The registration under which it is under way; undefined while it waits. */
  registrationId: string | undefined;
  readonly #work: (call: Call) => Promise<Outcome>;
  readonly #controller = new AbortController();
  readonly #callerSignal: AbortSignal | undefined;
  readonly #clock: Clock;
  readonly #onState: ((state: OperationState) => void) | undefined;
  /** Of what is done at the moment. */
  #attempt: AbortController | undefined;
  #state: OperationState | undefined;
  #wasSent = false;
  #timer: Timer | undefined;
  #settle: ((outcome: Outcome) => void) | undefined;
  readonly #cancel = (): void => this.callOff('cancelled');

  constructor(
    endpoint: string,
    operation: Operation,
    { deadline, signal, urgency = 'command', coalesce = false, onState }: PerformOptions,
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
    this.#clock = clock;
    this.coalesce = coalesce;
    this.#onState = onState;
    signal?.addEventListener('abort', this.#cancel, { once: true });
    this.deadlineAt = deadline === undefined ? undefined : clock.monotonic() + deadline;
    this.release();
  }

  get signal(): AbortSignal {
    return this.#controller.signal;
  }

  /** Calls off a request that is under way. */
  get requestSignal(): AbortSignal {
    return (this.#attempt ?? this.#controller).signal;
  }

  async carryOut(): Promise<Outcome> {
    if (this.signal.aborted) return { kind: 'cancelled' };
    const attempt = new AbortController();
    this.#attempt = attempt;
    try {
      const outcome = await this.#work(this);
      const interrupted = attempt.signal.aborted && !this.signal.aborted;
      return interrupted && (outcome.kind === 'cancelled' || outcome.kind === 'gone') ? { kind: 'timeout' } : outcome;
    } finally {
      this.registrationId = undefined;
      this.#attempt = undefined;
    }
  }

  /** Gives up what is done for it now, as if the device had not answered; whoever dispatches may try again. */
  interrupt(): void {
    this.#attempt?.abort();
  }

  hold(): void {
    this.#timer?.cancel();
    this.#timer = undefined;
    this.#enter('queued');
  }

  release(): void {
    if (this.deadlineAt === undefined || this.#timer !== undefined || this.#settle === undefined) return;
    const left = Math.max(0, this.deadlineAt - this.#clock.monotonic());
    this.#timer = this.#clock.timer(left, () => this.callOff('timeout'));
  }

  expire(): void {
    this.callOff(this.#wasSent ? 'timeout' : 'expired');
  }

  /** A request of it leaves. */
  sent(): void {
    this.#wasSent = true;
    this.#enter('sent');
  }

  /** Settles it with this outcome and calls off what is still done for it. */
  callOff(kind: Unanswered['kind']): void {
    this.settle({ kind });
    this.#controller.abort();
    this.#attempt?.abort();
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

  #enter(state: OperationState): void {
    if (this.#settle === undefined || this.#state === state) return;
    this.#state = state;
    try {
      this.#onState?.(state);
    } catch {
      // What a caller does with it is no concern of the operation.
    }
  }
}
