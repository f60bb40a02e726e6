import { errorMessage, IpeError, type Logger, systemClock, type Timer } from '../common/index.ts';
import { CseClient, CseError } from '../cse-client/index.ts';
import type { Configuration } from './configuration/index.ts';
import type { PresenceSettings } from './cse/access.ts';
import { CseAcquaintance } from './cse/acquaintance.ts';
import { CseAvailability } from './cse/availability.ts';
import { cseTitle } from './cse/inspection.ts';
import { CsePresence, type CseState } from './cse/presence.ts';
import type { CseMemory } from './cse/remembered-cse.ts';
import { ORDER_OF_SERVICE } from './load/order-of-service.ts';
import { cseClientOptions } from './settings.ts';

/** Milliseconds between renewals of the IPE's own resources. */
const RENEWAL_INTERVAL = 24 * 3600 * 1000;
/** Milliseconds between attempts to reach a CSE that is not there yet at start. */
const START_RETRY = 500;

/** What becomes of devices while the CSE is away, by `cse.whenAway`. */
const MEANWHILE = {
  journal: 'what devices register is accepted, and carried out when it is back',
  refuse: 'devices are answered 5.03 until it is back',
} as const;

/** The same of devices that are served before the CSE was asked. */
const RECALLED = 'devices are served as in the last run, and what they register is carried out when it is there';
/** What leaves open whether the CSE is what it was. */
const SILENCE: ReadonlySet<string> = new Set(['cse/unreachable', 'cse/timeout']);

/** The CSE as the whole IPE uses it: one client, the IPE's own AE there, and whether it answers. */
export class CseConnection {
  readonly client: CseClient;
  readonly presence: CsePresence;
  readonly acquaintance: CseAcquaintance;
  readonly availability: CseAvailability;
  readonly settings: PresenceSettings;
  readonly #logger: Logger;
  readonly #startTimeout: number;
  readonly #mayRecall: boolean;
  #gathered: () => Readonly<Record<string, number>> = () => ({});
  /** What starts again when the CSE does. */
  readonly #resumed: (() => void)[] = [];
  /** What a start does on the CSE and could not do yet; undefined once it has. */
  #owed: (() => Promise<void>)[] | undefined;
  #toldRefusal: string | undefined;
  #renewal: Timer | undefined;
  #stopped = false;

  constructor(configuration: Configuration, settings: PresenceSettings, logger: Logger) {
    this.settings = settings;
    this.#logger = logger;
    this.#startTimeout = configuration.cse.startTimeout;
    this.#mayRecall = configuration.cse.whenAway === 'journal';
    this.client = new CseClient(cseClientOptions(configuration, settings, logger));
    this.presence = new CsePresence(this.client.withPriority(ORDER_OF_SERVICE.presence), settings, systemClock, logger);
    this.acquaintance = new CseAcquaintance(this.client, settings, this.presence, logger);
    this.presence.onRemade(() => this.acquaintance.found());
    this.availability = new CseAvailability({
      probe: () => this.#probe(),
      returned: () => {
        for (const resume of this.#resumed) resume();
      },
      answers: () => this.client.counters.succeeded + this.client.counters.refused,
      meanwhile: MEANWHILE[configuration.cse.whenAway],
      gathered: () => this.#gathered(),
      clock: systemClock,
      logger,
      random: Math.random,
    });
  }

  /** What the CSE is and may; only after `establish`. */
  readonly cse = (): CseState => this.presence.state;

  /** True while something is still to be done there that a start does, and what an earlier run knew has to do. */
  get recalled(): boolean {
    return this.#owed !== undefined;
  }

  /** Names what has gathered when the CSE is back, for the log. */
  tellGathered(gathered: () => Readonly<Record<string, number>>): void {
    this.#gathered = gathered;
  }

  /** Calls `resume` each time that the CSE answers again. */
  onReturn(resume: () => void): void {
    this.#resumed.push(resume);
  }

  /**
   * Does on the CSE what belongs to a start, and is safe to repeat: now, or before it counts as back where it is silent and can
   * be done without. Refusals that may pass are borne for `cse.startTimeout`. Rejects with CseError.
   */
  async whenThere(work: () => Promise<void>): Promise<void> {
    try {
      if (this.#owed === undefined) await this.#insist(work);
      else this.#owed.push(work);
    } catch (error) {
      if (!this.#canDoWithout(error)) throw error;
      this.#doWithout(error, [work]);
    }
  }

  /**
   * Registers at the CSE. One that is silent is taken for what the memory says it was, where `cse.whenAway` allows, else waited
   * for as long as `cse.startTimeout` allows. Rejects with IpeError.
   */
  async establish(memory: CseMemory): Promise<CseState> {
    this.acquaintance.open(memory);
    try {
      await this.#insist(() => this.presence.establish());
      this.acquaintance.found();
    } catch (error) {
      if (!this.#canDoWithout(error)) throw error;
      this.acquaintance.assume();
      this.#doWithout(error, []);
    }
    this.#renewDaily();
    return this.presence.state;
  }

  /** Waits for a CSE that is not there yet no longer. */
  giveUp(): void {
    this.#stopped = true;
  }

  /** Looks after nothing any more, lets requests on the wire finish, then closes. */
  async close(): Promise<void> {
    this.giveUp();
    this.#renewal?.cancel();
    this.availability.stop();
    await this.client.close();
  }

  /** Does what belongs to a start again and again, until the CSE lets it, refuses for good, or the time for that is over. */
  async #insist(work: () => Promise<unknown>): Promise<void> {
    const deadline = systemClock.monotonic() + this.#startTimeout;
    for (let told = false; ; told = true) {
      try {
        await work();
        return;
      } catch (error) {
        const absent = error instanceof IpeError && error.retryable && !this.#canDoWithout(error);
        if (!absent || this.#stopped || systemClock.monotonic() + START_RETRY > deadline) throw error;
        if (!told) this.#logger.info('waiting for the CSE', { reason: error.message });
        await new Promise<void>((resolve) => setTimeout(resolve, START_RETRY));
      }
    }
  }

  /** True where the CSE said nothing that speaks against what is remembered of it. */
  #canDoWithout(error: unknown): error is CseError {
    const silent = error instanceof CseError && error.rsc === undefined && SILENCE.has(error.code);
    return silent && this.#mayRecall && !this.#stopped && this.acquaintance.holds;
  }

  #doWithout(error: CseError, owed: (() => Promise<void>)[]): void {
    this.#owed = owed;
    this.availability.begin(error, RECALLED);
  }

  async #probe(): Promise<void> {
    try {
      await this.presence.check();
      if (this.#owed !== undefined) await this.#catchUp(this.#owed);
    } catch (error) {
      if (this.#owed !== undefined) this.#tellRefusal(error);
      throw error;
    }
  }

  /** Does what the start could not do. */
  async #catchUp(owed: (() => Promise<void>)[]): Promise<void> {
    this.acquaintance.found();
    for (let work = owed[0]; work !== undefined; work = owed[0]) {
      await work();
      owed.shift();
    }
    this.#owed = undefined;
    const { state } = this.presence;
    this.#logger.info('registered at the CSE', { cse: cseTitle(state), degraded: state.degraded });
  }

  /** A start would end there; devices that are served already are served on. */
  #tellRefusal(error: unknown): void {
    const reason = errorMessage(error);
    if ((error instanceof CseError && SILENCE.has(error.code)) || reason === this.#toldRefusal) return;
    this.#toldRefusal = reason;
    this.#logger.error('the CSE answers, but lets the IPE not begin; devices are served on without it', { reason });
  }

  #renewDaily(): void {
    this.#renewal = systemClock.timer(RENEWAL_INTERVAL, () => {
      this.presence.renew().catch((error: unknown) => {
        this.#logger.warn('the AE of the IPE could not be renewed', { reason: String(error) });
      });
      this.#renewDaily();
    });
  }
}
