import type { Operation } from './operation.ts';
import type { Outcome } from './outcome.ts';

/** Where an operation stands among those of the same device: a caller's own goes before background work. */
export type Urgency = 'command' | 'background';

/** `queued`: it waits until its device listens; `sent`: a request of it has left. */
export type OperationState = 'queued' | 'sent';

/** An operation that waits until it may be carried out. */
export interface WaitingOperation {
  readonly endpoint: string;
  readonly operation: Operation;
  readonly urgency: Urgency;
  /** Aborted when the caller, the deadline or the end of the registration calls it off; it is settled by then. */
  readonly signal: AbortSignal;
  /** A later Write may take its place, or it that of an earlier one; both must say so. */
  readonly coalesce: boolean;
  /** Milliseconds on the monotonic clock. */
  readonly deadlineAt: number | undefined;
  /** It is kept until the device listens: whoever keeps it watches the deadline now, and calls `expire` or `release`. */
  hold(): void;
  /** It is kept no longer. */
  release(): void;
  /** Its deadline has passed while it was kept. */
  expire(): void;
  /**
   * Does it now, with as many requests as it takes, to the address that the device has at that moment. May be called
   * again when it failed. Never rejects.
   */
  carryOut(): Promise<Outcome>;
}

/**
 * Decides when an operation is carried out: the one place between asking a device and speaking to it. Whatever keeps
 * operations back, for a device that sleeps for example, stands here and hands them on to the next dispatcher.
 */
export interface Dispatcher {
  /** Carries the operation out in its turn, or never once its signal is aborted. Never rejects. */
  dispatch(waiting: WaitingOperation): Promise<Outcome>;
}
