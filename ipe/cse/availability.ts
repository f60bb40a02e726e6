import { type Clock, errorMessage, type Logger, type Timer } from '../../common/index.ts';
import { CseError } from '../../cse-client/index.ts';

/** Timeouts in a row, with no answer between them, after which the CSE counts as away. */
const TIMEOUTS_UNTIL_AWAY = 3;
/** Milliseconds between probes of a CSE that is away. */
const PROBE_INTERVAL = 1000;
/** The CSE cannot be spoken to at all. */
const NO_CONNECTION: ReadonlySet<string> = new Set(['cse/unreachable', 'cse/untrusted']);

/**
 * Whether the CSE answers. While it is away one probe asks for it instead of every device's request, so that devices
 * are refused at once and the CSE is not met by a crowd when it returns.
 */
export class CseAvailability {
  readonly #probe: () => Promise<void>;
  readonly #clock: Clock;
  readonly #logger: Logger;
  readonly #returned: () => void;
  readonly #answers: () => number;
  #timeouts = 0;
  #answersAtTimeout = 0;
  #reason: string | undefined;
  #timer: Timer | undefined;
  #stopped = false;

  /**
   * `probe` rejects while the CSE does not answer; `returned` is called each time it answers again; `answers` counts what
   * it has answered so far, so that requests which wait too long behind others do not count as its absence.
   */
  constructor(parts: {
    probe: () => Promise<void>;
    returned: () => void;
    answers: () => number;
    clock: Clock;
    logger: Logger;
  }) {
    this.#answers = parts.answers;
    this.#probe = parts.probe;
    this.#clock = parts.clock;
    this.#logger = parts.logger;
    this.#returned = parts.returned;
  }

  /** Why the CSE counts as away, or undefined while it answers. */
  get away(): string | undefined {
    return this.#reason;
  }

  /** A request failed; only the want of any answer counts. */
  failed(error: unknown): void {
    if (!(error instanceof CseError) || this.#stopped) return;
    if (error.code === 'cse/timeout') this.#countTimeout();
    const gone = NO_CONNECTION.has(error.code) || this.#timeouts >= TIMEOUTS_UNTIL_AWAY;
    if (!gone || this.#reason !== undefined) return;
    this.#reason = errorMessage(error);
    this.#logger.error('the CSE is away; devices are answered 5.03 until it is back', { reason: this.#reason });
    this.#schedule();
  }

  stop(): void {
    this.#stopped = true;
    this.#timer?.cancel();
  }

  #countTimeout(): void {
    const answers = this.#answers();
    this.#timeouts = answers === this.#answersAtTimeout ? this.#timeouts + 1 : 1;
    this.#answersAtTimeout = answers;
  }

  #schedule(): void {
    if (this.#stopped) return;
    this.#timer = this.#clock.timer(PROBE_INTERVAL, () => void this.#ask());
  }

  async #ask(): Promise<void> {
    try {
      await this.#probe();
    } catch (error) {
      this.#reason = errorMessage(error);
      this.#logger.debug('the CSE is still away', { reason: this.#reason });
      this.#schedule();
      return;
    }
    this.#reason = undefined;
    this.#timeouts = 0;
    this.#logger.info('the CSE is back');
    this.#returned();
  }
}
