import { type Clock, IpeError, type Logger } from '../../common/index.ts';
import {
  type CreateAttributes,
  type CseBase,
  type CseClient,
  CseError,
  type Dialect,
  formatTimestamp,
  ResourceType,
} from '../../cse-client/index.ts';
import { policyName as nameOfPolicy } from '../access/privileges.ts';
import { accessControlPolicy, type PresenceSettings } from './access.ts';
import { describeCse, readCseBase } from './inspection.ts';
import { type NodeCreation, nodeCreation } from './node-creation.ts';
import { isAeTaken, isNameTaken, isRefused } from './refusals.ts';

/** Milliseconds that the IPE's own AE is granted ahead; it is renewed long before. */
const OWN_LIFETIME = 30 * 24 * 3600 * 1000;
/** Application ID of the IPE's own AE (TS-0001 7.1.3). */
const IPE_APP_ID = 'Nlwm2m-ipe';

/** What the IPE found and made at the CSE. */
export interface CseState {
  readonly cseBase: CseBase | undefined;
  readonly dialect: Dialect;
  readonly nodeCreation: NodeCreation;
  /** Resource ID of the access control policy that every resource of ours carries. */
  readonly accessControlPolicy: string;
  /** What applications will miss on this CSE, in plain sentences. */
  readonly degraded: readonly string[];
}

/** The IPE's own AE and access control policy on the CSE: made or re-adopted, renewed, made again when they are gone. */
export class CsePresence {
  readonly #client: CseClient;
  readonly #settings: PresenceSettings;
  readonly #clock: Clock;
  readonly #logger: Logger;
  #state: CseState | undefined;
  /** The state is that of an earlier run. */
  #assumed = false;
  #seen: CseBase | undefined;
  #generation = 0;
  /** Resources of the IPE itself that this run has created. */
  #created = 0;
  #check: Promise<void> | undefined;
  readonly #remade: (() => void)[] = [];
  /** Resource IDs of further policies. */
  readonly #kept = new Set<string>();

  constructor(client: CseClient, settings: PresenceSettings, clock: Clock, logger: Logger) {
    this.#client = client;
    this.#settings = settings;
    this.#clock = clock;
    this.#logger = logger;
  }

  /** The state after `establish`; an error before. */
  get state(): CseState {
    if (this.#state === undefined) throw new IpeError('ipe/not-started', 'The IPE is not registered at the CSE yet');
    return this.#state;
  }

  /** Goes on with what an earlier run found; whoever checks next has everything done that `establish` does. */
  assume(state: CseState): void {
    this.#state = state;
    this.#assumed = true;
  }

  /** True while this run has not been at the CSE yet. */
  get assumed(): boolean {
    return this.#assumed;
  }

  /** The CSEBase as this run has read it last, also where it was refused what it asked for next. */
  get seen(): CseBase | undefined {
    return this.#seen;
  }

  /** Registers the IPE, makes its policy and finds out what the CSE is; safe to repeat. Rejects with CseError. */
  async establish(): Promise<CseState> {
    const first = await readCseBase(this.#client, this.#settings);
    this.#seen = first ?? this.#seen;
    if (first !== undefined) describeCse(this.#client, this.#settings, first);
    await this.#register();
    const known = first ?? (await readCseBase(this.#client, this.#settings));
    const { cseBase, dialect, degraded } = describeCse(this.#client, this.#settings, known);
    const policy = await this.#policy(dialect);
    const creation = await nodeCreation(this.#client, this.#settings, dialect, cseBase, policy, this.#clock);
    const state: CseState = {
      cseBase,
      dialect,
      nodeCreation: creation.by,
      accessControlPolicy: policy,
      degraded: [...degraded, ...creation.degraded],
    };
    // What an earlier run has made with the same policy needs not be written again.
    const asAssumed = this.#assumed && this.#state !== undefined && relyOnTheSame(this.#state, state);
    if (!asAssumed) this.#generation += 1;
    this.#state = state;
    this.#assumed = false;
    this.#kept.clear();
    return state;
  }

  /** Renews one more policy with its own and looks after it, until it has to make its resources again. */
  keep(policy: string): void {
    this.#kept.add(policy);
  }

  /** Calls back each time that the IPE's own resources were missing and have been made again. */
  onRemade(remade: () => void): void {
    this.#remade.push(remade);
  }

  /** Renews the AE and the policy, so that an IPE that runs for years does not expire. Rejects with CseError. */
  async renew(): Promise<void> {
    const et = this.#expiration();
    await this.#client.update(ResourceType.ae, this.#aePath, { et });
    for (const policy of this.#policies()) await this.#client.update(ResourceType.acp, policy, { et });
  }

  /** Counts how often the IPE's own resources had to be made. */
  get generation(): number {
    return this.#generation;
  }

  /**
   * Asks, after a refusal that may mean it, whether our own resources are still there, and makes them again when a CSE
   * came back empty. True when they were made after `generation`, so that the refused request deserves another try.
   */
  async restore(generation: number): Promise<boolean> {
    if (this.#generation === generation) await this.check();
    return this.#generation !== generation;
  }

  /** Asks now, once for all who ask at the same time; rejects with CseError while the CSE does not answer. */
  check(): Promise<void> {
    this.#check ??= this.#lookAfter().finally(() => {
      this.#check = undefined;
    });
    return this.#check;
  }

  async #lookAfter(): Promise<void> {
    if (this.#assumed) {
      await this.establish();
      return;
    }
    const refusal = await this.#refusal();
    if (refusal === undefined) return;
    const before = this.#created;
    await this.establish();
    // A CSE that was merely unable to show them may have had them all the time.
    if (refusal.retryable && this.#created === before) return;
    this.#logger.warn('the resources of the IPE itself were missing on the CSE and have been made again');
    for (const remade of this.#remade) remade();
  }

  /** Why our own resources cannot be seen; undefined: they can. Rejects with CseError where there is no answer. */
  async #refusal(): Promise<CseError | undefined> {
    try {
      await this.#client.retrieve(ResourceType.ae, this.#aePath);
      for (const policy of this.#policies()) await this.#client.retrieve(ResourceType.acp, policy);
      return undefined;
    } catch (error) {
      if (!(error instanceof CseError) || error.rsc === undefined) throw error;
      return error;
    }
  }

  #policies(): string[] {
    return [this.state.accessControlPolicy, ...this.#kept];
  }

  get #aePath(): string {
    return `${this.#settings.base}/${this.#settings.resourceName}`;
  }

  #expiration(): string {
    return formatTimestamp(this.#clock.wall() + OWN_LIFETIME, this.#client.dialect);
  }

  async #register(): Promise<void> {
    const { resourceName, releaseVersion, pointOfAccess } = this.#settings;
    const variable = { poa: [pointOfAccess()], lbl: ['LWM2M-IPE', 'Iwked-Technology:LWM2M'], et: this.#expiration() };
    const attributes: CreateAttributes<typeof ResourceType.ae> = {
      rn: resourceName,
      api: IPE_APP_ID,
      apn: 'lwm2m-ipe',
      rr: true,
      srv: [releaseVersion],
      ...variable,
    };
    for (let again = true; !(await this.#create(attributes)); again = false) {
      try {
        await this.#adopt(variable);
        return;
      } catch (error) {
        // It may go between two looks at it: then it is there to be made.
        if (!isRefused(error, 4004)) throw error;
        if (!again) throw this.#originatorTaken();
      }
    }
  }

  /** False when the AE, or another of that name or originator, is there already. */
  async #create(attributes: CreateAttributes<typeof ResourceType.ae>): Promise<boolean> {
    try {
      await this.#client.create(ResourceType.ae, this.#settings.base, attributes);
      this.#created += 1;
      return true;
    } catch (error) {
      if (!isAeTaken(error)) throw error;
      return false;
    }
  }

  /** Rejects with CseError, 4004 where it is not there, and with IpeError where that is another's. */
  async #adopt(attributes: { poa: string[]; lbl: string[]; et: string }): Promise<void> {
    const { originator } = this.#settings;
    const ae = await this.#client.retrieve(ResourceType.ae, this.#aePath).catch((error: unknown) => {
      throw isRefused(error, 4103) ? this.#originatorTaken() : error;
    });
    if (ae.aei !== undefined && ae.aei.split('/').at(-1) !== originator) {
      throw new IpeError(
        'cse/name-taken',
        `${this.#aePath} on the CSE belongs to ${ae.aei}: choose another names.ipe or cse.originator`,
      );
    }
    await this.#client.update(ResourceType.ae, this.#aePath, attributes);
  }

  #originatorTaken(): IpeError {
    return new IpeError(
      'cse/originator-taken',
      `The CSE knows the originator ${this.#settings.originator} already, but not as ${this.#aePath}: choose another cse.originator or names.ipe, or delete that AE`,
    );
  }

  /** A CSE of which it is not known that it refuses narrowed rules is asked once more without them. */
  async #policy(dialect: Dialect): Promise<string> {
    if (!dialect.accessControlObjectDetails) return this.#ensurePolicy(false);
    try {
      return await this.#ensurePolicy(true);
    } catch (error) {
      if (!isRefused(error, 4000, 4102)) throw error;
      return this.#ensurePolicy(false);
    }
  }

  async #ensurePolicy(narrowed: boolean): Promise<string> {
    const attributes = { ...accessControlPolicy(this.#settings, narrowed), et: this.#expiration() };
    const { base } = this.#settings;
    try {
      const rn = policyName(this.#settings);
      const created = await this.#client.create(ResourceType.acp, base, { rn, ...attributes });
      this.#created += 1;
      return created.ri;
    } catch (error) {
      if (!isNameTaken(error)) throw error;
    }
    const path = `${base}/${policyName(this.#settings)}`;
    const existing = await this.#client.retrieve(ResourceType.acp, path);
    await this.#client.update(ResourceType.acp, path, attributes);
    return existing.ri;
  }
}

/** True when resources made under the one state are as they would be made under the other. */
function relyOnTheSame(one: CseState, other: CseState): boolean {
  return one.accessControlPolicy === other.accessControlPolicy && one.cseBase?.csi === other.cseBase?.csi;
}

/**
 * resourceName of the policy that everything of the IPE carries. It stands beside the AE: were it gone with the AE, a CSE
 * could lock what names it.
 */
export function policyName(settings: PresenceSettings): string {
  return nameOfPolicy(settings.resourceName, '', 'tree');
}
