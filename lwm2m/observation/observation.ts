import { digestOf } from '../coap/digest.ts';
import { formatPath, type Path } from '../model/path.ts';
import type { Observe, ObserveComposite } from '../operation/operation.ts';
import { type Freshest, isFresh } from './freshness.ts';

/** What is observed. */
export interface ObservationTarget {
  /** One, unless it is composite. */
  readonly paths: readonly Path[];
  /** Observed by Observe-Composite: one notification holds all paths (LwM2M 1.1 6.4.4). */
  readonly composite: boolean;
}

/** The target as text: equal for equal targets. */
export function targetText({ paths, composite }: ObservationTarget): string {
  return composite ? `composite ${paths.map(formatPath).join(' ')}` : formatPath(paths[0]!);
}

/** What asks for an observation of the target. */
export function observeOperation({ paths, composite }: ObservationTarget): Observe | ObserveComposite {
  return composite ? { type: 'observe-composite', paths } : { type: 'observe', path: paths[0]! };
}

/** One observation of one registration, known on the wire by its token (RFC 7641). */
export class Observation {
  readonly endpoint: string;
  readonly registrationId: string;
  readonly target: ObservationTarget;
  readonly token: Buffer;
  /** What it was asked with; its cancellation has it too (RFC 7641 3.6). */
  format: number | undefined;
  /** False while the device was only asked. */
  isEstablished = false;
  #freshest: Freshest | undefined;
  /** What it answered to the last Observe, and the freshest of what came before that and had to wait for it. */
  #answer: Freshest | undefined;
  #held: Freshest | undefined;
  /** Stands for what the device said last. */
  #digest: number | undefined;

  constructor(endpoint: string, registrationId: string, target: ObservationTarget, token: Buffer) {
    this.endpoint = endpoint;
    this.registrationId = registrationId;
    this.target = target;
    this.token = token;
  }

  /** When the device last said something of it with a number, monotonic milliseconds; undefined: not in this run. */
  get heardAt(): number | undefined {
    return this.#freshest?.at;
  }

  /** The device says this now; true when it said the very same before. */
  says(payload: Buffer): boolean {
    const digest = digestOf(payload);
    const same = digest === this.#digest;
    this.#digest = digest;
    return same;
  }

  /**
   * The device has taken it up, with the first value under this number. One that had forgotten it begins its numbers anew: of
   * those before nothing counts.
   */
  establish(format: number | undefined, number: number, now: number): void {
    this.resume(format);
    this.#held = this.#freshest;
    this.#answer = { number, at: now };
    this.#freshest = this.#answer;
  }

  /** The device took it up in an earlier run. */
  resume(format: number | undefined): void {
    this.format = format;
    this.isEstablished = true;
  }

  /** True when a notification is fresh; then those that are older are not (RFC 7641 3.4). */
  take(number: number, at: number): boolean {
    if (this.#answer !== undefined && at < this.#answer.at) return this.#takeHeld(number, at, this.#answer);
    if (!isFresh(this.#freshest, number, at)) return false;
    this.#freshest = { number, at };
    return true;
  }

  /** It came before the answer to the last Observe: its number may be of the row before, or of the one that began with that. */
  #takeHeld(number: number, at: number, answer: Freshest): boolean {
    if (!isFresh(this.#held, number, at)) return isFresh(answer, number, at);
    this.#held = { number, at };
    return true;
  }
}
