import { type Clock, errorMessage, type Logger, type Timer } from '../../common/index.ts';
import { CseError } from '../../cse-client/index.ts';

/** Timeouts in a row, with no answer between them, after which the CSE counts as away. */
const TIMEOUTS_UNTIL_AWAY = 3;
/** Milliseconds between probes of a CSE that is away: half as much again after each, from the least to the most, spread by a quarter. */
const PROBE_INTERVAL = { least: 500, most: 10_000 } as const;
const PROBE_GROWTH = 1.5;
const PROBE_SPREAD = 0.25;
/** The CSE cannot be spoken to at all. */
const NO_CONNECTION: ReadonlySet<string> = new Set(['cse/unreachable', 'cse/untrusted']);

/** What the circuit to the CSE works with. */
export interface AvailabilityParts {
  /** Rejects while the CSE does not answer. */
  readonly probe: () => Promise<void>;
  /** Called each time that the CSE answers again. */
  readonly returned: () => void;
  /** What it has answered so far, so that requests which wait too long behind others do not count as its absence. */
  readonly answers: () => number;
  /** What becomes of devices meanwhile, for the log. */
  readonly meanwhile: string;
  /** What gathered since, for the log. */
  readonly gathered?: () => Readonly<Record<string, number>>;
  readonly clock: Clock;
  readonly logger: Logger;
  /** From 0 up to 1. */
  readonly random: () => number;
}

/**
 * Whether the CSE answers: a circuit that opens when it does not. While it is open one probe asks for the CSE instead of
 * every device's request, so that nobody waits in vain and the CSE is not met by a crowd when it returns.
 */
export class CseAvailability {
  readonly #parts: AvailabilityParts;
  #timeouts = 0;
  #answersAtTimeout = 0;
  #reason: string | undefined;
  #since = 0;
  #interval: number = PROBE_INTERVAL.least;
  #timer: Timer | undefined;
  #stopped = false;

  constructor(parts: AvailabilityParts) {
    this.#parts = parts;
  }

  /** Why the CSE counts as away, or undefined while it answers. */
  get away(): string | undefined {
    return this.#reason;
  }

  /** Milliseconds for which it has been away; 0 while it answers. */
  get awayFor(): number {
    return this.#reason === undefined ? 0 : this.#parts.clock.monotonic() - this.#since;
  }

  /** A request failed; only the want of any answer counts. */
  failed(error: unknown): void {
    if (!(error instanceof CseError) || this.#stopped) return;
    if (error.code === 'cse/timeout') this.#countTimeout();
    const gone = NO_CONNECTION.has(error.code) || this.#timeouts >= TIMEOUTS_UNTIL_AWAY;
    if (gone) this.begin(error, this.#parts.meanwhile);
  }

  /** It is away, and nobody need ask to find that out; `meanwhile` as in the parts. */
  begin(error: CseError, meanwhile: string): void {
    if (this.#reason !== undefined || this.#stopped) return;
    const { clock, logger } = this.#parts;
    this.#reason = errorMessage(error);
    this.#since = clock.monotonic();
    logger.error(`the CSE is away; ${meanwhile}`, { reason: this.#reason });
    this.#schedule();
  }

  stop(): void {
    this.#stopped = true;
    this.#timer?.cancel();
  }

  #countTimeout(): void {
    const answers = this.#parts.answers();
    this.#timeouts = answers === this.#answersAtTimeout ? this.#timeouts + 1 : 1;
    this.#answersAtTimeout = answers;
  }

  #schedule(): void {
    if (this.#stopped) return;
    const { clock, random } = this.#parts;
    const delay = this.#interval * (1 - PROBE_SPREAD + 2 * PROBE_SPREAD * random());
    this.#timer = clock.timer(delay, () => void this.#ask());
    this.#interval = Math.min(this.#interval * PROBE_GROWTH, PROBE_INTERVAL.most);
  }

  async #ask(): Promise<void> {
    const { probe, logger, gathered, returned } = this.#parts;
    try {
      await probe();
    } catch (error) {
      this.#reason = errorMessage(error);
      logger.debug('the CSE is still away', { reason: this.#reason });
      this.#schedule();
      return;
    }
    const awayFor = Math.round(this.awayFor);
    this.#reason = undefined;
    this.#timeouts = 0;
    this.#interval = PROBE_INTERVAL.least;
    logger.info('the CSE is back', { awayFor, ...gathered?.() });
    returned();
  }
}
