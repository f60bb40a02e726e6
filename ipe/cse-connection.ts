import { IpeError, type Logger, systemClock, type Timer } from '../common/index.ts';
import { CseClient } from '../cse-client/index.ts';
import type { Configuration } from './configuration/index.ts';
import type { PresenceSettings } from './cse/access.ts';
import { CseAvailability } from './cse/availability.ts';
import { CsePresence, type CseState } from './cse/presence.ts';
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

/** The CSE as the whole IPE uses it: one client, the IPE's own AE there, and whether it answers. */
export class CseConnection {
  readonly client: CseClient;
  readonly presence: CsePresence;
  readonly availability: CseAvailability;
  readonly settings: PresenceSettings;
  readonly #logger: Logger;
  readonly #startTimeout: number;
  #gathered: () => Readonly<Record<string, number>> = () => ({});
  /** What starts again when the CSE does. */
  readonly #resumed: (() => void)[] = [];
  #renewal: Timer | undefined;
  #stopped = false;

  constructor(configuration: Configuration, settings: PresenceSettings, logger: Logger) {
    this.settings = settings;
    this.#logger = logger;
    this.#startTimeout = configuration.cse.startTimeout;
    this.client = new CseClient(cseClientOptions(configuration, settings, logger));
    this.presence = new CsePresence(this.client.withPriority(ORDER_OF_SERVICE.presence), settings, systemClock, logger);
    this.availability = new CseAvailability({
      probe: () => this.presence.check(),
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

  /** Names what has gathered when the CSE is back, for the log. */
  tellGathered(gathered: () => Readonly<Record<string, number>>): void {
    this.#gathered = gathered;
  }

  /** Calls `resume` each time that the CSE answers again. */
  onReturn(resume: () => void): void {
    this.#resumed.push(resume);
  }

  /** Registers at the CSE; waits for one that is not there yet as long as `cse.startTimeout` allows. Rejects with IpeError. */
  async establish(): Promise<CseState> {
    const deadline = systemClock.monotonic() + this.#startTimeout;
    for (let told = false; ; told = true) {
      try {
        const state = await this.presence.establish();
        this.#renewDaily();
        return state;
      } catch (error) {
        const absent = error instanceof IpeError && error.retryable;
        if (!absent || this.#stopped || systemClock.monotonic() + START_RETRY > deadline) throw error;
        if (!told) this.#logger.info('waiting for the CSE', { reason: error.message });
        await new Promise<void>((resolve) => setTimeout(resolve, START_RETRY));
      }
    }
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

  #renewDaily(): void {
    this.#renewal = systemClock.timer(RENEWAL_INTERVAL, () => {
      this.presence.renew().catch((error: unknown) => {
        this.#logger.warn('the AE of the IPE could not be renewed', { reason: String(error) });
      });
      this.#renewDaily();
    });
  }
}
