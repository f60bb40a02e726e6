import { type ChildReference, CseError, formatTimestamp, ResourceType } from '../../cse-client/index.ts';
import { registrationFields } from '../../lwm2m/index.ts';
import { endpointLabel } from '../../mappings/index.ts';
import type { Followed } from '../bridge/endpoint-tree.ts';
import { intendedExpiration } from '../bridge/endpoint-tree.ts';
import { farExpiration, isCut } from '../bridge/expiration.ts';
import { isNameTaken } from '../cse/refusals.ts';
import { OwnSubscription } from '../notifications/own-subscription.ts';
import { admit } from '../values/container-making.ts';
import { type CommandCounters, type CommandParts, type CommandSettings, REQUESTS, RESPONSES } from './parts.ts';

/** Milliseconds: an expirationTime nearer than this was cut to that of a parent. */
const NEAR = 365 * 24 * 3600 * 1000;
/** Attempts to outlive an Update which comes between. */
const ATTEMPTS = 5;
/** States that one request leaves in `responses` at most: queued, sent, and a final one. */
const STATES = 3;

/** The containers `requests` and `responses` of one device, and the IPE's subscription on the first. */
export class CommandResources {
  readonly #settings: CommandSettings;
  readonly #parts: CommandParts;
  readonly #counters: CommandCounters;
  readonly #commanded: () => Followed;
  readonly #subscription: OwnSubscription;
  /** An expirationTime was cut in the last attempt. */
  #cut = false;

  /** `notified`: there is something new in `requests`. */
  constructor(
    settings: CommandSettings,
    parts: CommandParts,
    counters: CommandCounters,
    commanded: () => Followed,
    notified: () => void,
  ) {
    this.#settings = settings;
    this.#parts = parts;
    this.#counters = counters;
    this.#commanded = commanded;
    const { originator, resourceName } = settings;
    const receive = () => {
      counters.notifications += 1;
      notified();
      return undefined;
    };
    this.#subscription = new OwnSubscription({ ...parts, originator }, resourceName, () => this.requests, receive);
  }

  get requests(): string {
    return `${this.ae}/${REQUESTS}`;
  }

  get responses(): string {
    return `${this.ae}/${RESPONSES}`;
  }

  /** True for the listed subscription that is ours. */
  isSubscription(child: ChildReference): boolean {
    return this.#subscription.isListedAs(child);
  }

  /** Hears of nothing new any more. */
  end(): void {
    this.#subscription.forget();
  }

  /**
   * Makes both containers and the subscription, or takes over those that are there: true when `responses` was. Where
   * the CSE cuts a child's expirationTime to its parent's, that of the AE is raised meanwhile. Rejects with CseError.
   */
  async make(): Promise<boolean> {
    const { client, cse } = this.#parts;
    if (!cse().dialect.childExpirationCutToParent) return this.#makeOnce(true);
    let existed = false;
    try {
      for (let attempt = 1; attempt <= ATTEMPTS; attempt += 1) {
        await client.update(ResourceType.ae, this.ae, { et: this.#far() });
        const there = await this.#makeOnce(attempt === ATTEMPTS);
        if (attempt === 1) existed = there;
        if (!this.#cut) break;
      }
    } finally {
      await this.#lower();
    }
    return existed;
  }

  /** `last` takes containers as they come out; else those that came out short are not kept, and the rest not tried. */
  async #makeOnce(last: boolean): Promise<boolean> {
    const { maxInstances } = this.#settings;
    this.#cut = false;
    const existed = await this.#ensureContainer(RESPONSES, maxInstances * STATES, last);
    if (!this.#cut || last) await this.#ensureContainer(REQUESTS, maxInstances, last);
    if (!this.#cut || last) await this.subscribe();
    return existed;
  }

  async #ensureContainer(rn: typeof REQUESTS | typeof RESPONSES, mni: number, last: boolean): Promise<boolean> {
    const { client, policies } = this.#parts;
    const { endpoint } = this.#commanded().registration;
    const lbl = [endpointLabel(endpoint), ...this.#settings.labels.extra];
    const acpi = [await policies.of(endpoint, rn)];
    const attributes = { lbl, mni, et: this.#far() };
    try {
      const made = await client.create(ResourceType.container, this.ae, { rn, ...attributes, acpi });
      this.#check(made.et);
      // ACME ends `la` at the time that a container was made with, however it is renewed.
      if (this.#cut && !last) await client.delete(`${this.ae}/${rn}`);
      return false;
    } catch (error) {
      if (!isNameTaken(error)) throw error;
    }
    const repaired = await client.update(ResourceType.container, `${this.ae}/${rn}`, attributes);
    await admit(this.#parts, `${this.ae}/${rn}`, repaired, acpi);
    this.#check(repaired?.et);
    return true;
  }

  /** Makes the subscription, in place of one that is there; without one requests are found by looking alone. */
  async subscribe(): Promise<void> {
    const { policies, logger } = this.#parts;
    const policy = await policies.of(this.#commanded().registration.endpoint, 'tree');
    const attributes = { enc: { net: [3] }, et: this.#far(), acpi: [policy] };
    try {
      const made = await this.#subscription.make(attributes);
      this.#check(made.et);
      this.#counters.subscriptions += 1;
    } catch (error) {
      if (!(error instanceof CseError) || error.rsc === undefined || error.rsc === 4004) throw error;
      logger.warn('the CSE refuses the subscription on requests; they are found by looking alone', {
        ...registrationFields(this.#commanded().registration),
        reason: error.message,
      });
    }
  }

  /** Puts the AE back to its own time; again when an Update has moved it meanwhile. */
  async #lower(): Promise<void> {
    const { client, cse } = this.#parts;
    const intended = () => intendedExpiration(this.#commanded().tree);
    for (let written: number | undefined; written !== intended(); ) {
      written = intended();
      await client.update(ResourceType.ae, this.ae, { et: formatTimestamp(written, cse().dialect) });
    }
  }

  /** Address of the endpoint's AE. */
  get ae(): string {
    return `${this.#settings.base}/${this.#commanded().tree.names.resourceName}`;
  }

  #far(): string {
    return farExpiration(this.#parts.clock, this.#parts.cse().dialect);
  }

  #check(expires: string | undefined): void {
    if (isCut(expires, NEAR, this.#parts.clock)) this.#cut = true;
  }
}
