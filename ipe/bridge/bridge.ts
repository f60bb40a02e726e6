import { errorMessage, IpeError, type Logger } from '../../common/index.ts';
import { CseError } from '../../cse-client/index.ts';
import {
  type Refusal,
  type Registration,
  type RegistrationHandler,
  registrationFields,
  registrationMark,
} from '../../lwm2m/index.ts';
import {
  type EndpointNames,
  endpointNames,
  type NameSettings,
  type RegistrationOperation,
} from '../../mappings/index.ts';
import type { CseAvailability } from '../cse/availability.ts';
import type { CsePresence } from '../cse/presence.ts';
import { isPresenceLost, isRefused, isWithoutAnswer } from '../cse/refusals.ts';
import type { Lanes } from '../lanes.ts';
import { ORDER_OF_SERVICE } from '../load/order-of-service.ts';
import type { Backlog, CaughtUp } from './backlog.ts';
import { type EndpointTree, sameTree, type TreeKeeper } from './endpoint-tree.ts';
import { refusalOf, unavailable } from './refusal.ts';
import type { Removals } from './removals.ts';
import type { TreeWriter, WhenAway } from './tree-writer.ts';

/** Whoever puts more into the trees that the bridge keeps. */
export interface TreeFollower {
  /** The tree is what a Register (`registered`) or an Update wants; the device has not been answered yet. */
  follow(registration: Registration, tree: EndpointTree, registered: boolean): void;
  /**
   * A registration is accepted, just now where it is `registered`, whose tree will be made when the CSE lets us; `follow`
   * tells of it then, as of an Update.
   */
  expect?(registration: Registration, tree: EndpointTree, registered: boolean): void;
  /** The registration has ended: the last moment to write into its tree. Bounded in time; must not reject. */
  depart?(registration: Registration, tree: EndpointTree): Promise<void>;
  /** The registration ends; its tree is about to be deleted. */
  leave(endpoint: string): void;
}

/** What the bridge works with. */
export interface BridgeParts {
  readonly writer: TreeWriter;
  readonly removals: Removals;
  /** Takes what is accepted while the CSE does not answer. */
  readonly backlog: Pick<Backlog, 'add' | 'settled'>;
  readonly lanes: Lanes;
  readonly availability: CseAvailability;
  readonly presence: Pick<CsePresence, 'generation' | 'restore'>;
  readonly follower: TreeFollower;
  /** Absent: trees are forgotten with the process. */
  readonly keeper?: TreeKeeper | undefined;
  readonly logger: Logger;
  readonly random: () => number;
}

/** How the bridge names endpoints, and which names they may not take. */
export interface BridgeSettings {
  readonly names: NameSettings;
  /** Originators and resource names of the IPE and the CSE's administrator; no device may act under them. */
  readonly reserved: ReadonlySet<string>;
  /** What becomes of Register and Update while the CSE does not answer. */
  readonly whenAway: WhenAway;
}

/** What the bridge did, since it started. */
export interface BridgeCounters {
  /** Registers and Updates that were accepted without the CSE. */
  journalled: number;
}

/** Keeps the CSE as the registrations want it: the meaning of the LwM2M Client Registration interface in oneM2M. */
export class Bridge implements RegistrationHandler {
  /** By resourceName, so that two endpoints can never share one. */
  readonly #trees = new Map<string, EndpointTree>();
  /** resourceNames that are worked on now. */
  readonly #busy = new Map<string, number>();
  readonly counters: BridgeCounters = { journalled: 0 };
  readonly #settings: BridgeSettings;
  readonly #parts: BridgeParts;

  constructor(settings: BridgeSettings, parts: BridgeParts) {
    this.#settings = settings;
    this.#parts = parts;
  }

  /** Number of endpoints that have a tree on the CSE. */
  get size(): number {
    return this.#trees.size;
  }

  /** TS-0014 6.2.2.2 and 6.2.2.4: creates the tree, or turns the one that is there into what is wanted now. */
  register(registration: Registration, previous: Registration | undefined): Promise<Refusal | undefined> {
    const what = previous === undefined ? 'registered' : 'registered again';
    return this.#attempt('register', what, registration, true);
  }

  /** TS-0014 6.2.2.2 and 6.3.2.2: renews the tree; containers come and go with the links. */
  update(registration: Registration): Promise<Refusal | undefined> {
    return this.#attempt('update', 'updated', registration, false);
  }

  /** Deletes the tree, at once or as soon as the CSE lets us. */
  deregister(registration: Registration): Promise<Refusal | undefined> {
    return this.#remove('de-registered', registration);
  }

  /** TS-0014 table 6.2.2.2-2: as De-register; there is nobody to answer. */
  async expire(registration: Registration, kept?: false): Promise<void> {
    await this.#remove(kept === false ? 'refused, since it cannot be recorded' : 'lifetime expired', registration);
  }

  /**
   * Takes up the tree of an earlier run; undefined when a registration of that endpoint would have another now, since names
   * are made otherwise. Nobody follows it yet.
   */
  restore(stored: Omit<EndpointTree, 'incarnation'>): EndpointTree | undefined {
    const { endpoint, names } = stored;
    try {
      const wanted = this.#namesOf(endpoint);
      if (wanted.resourceName !== names.resourceName || wanted.nodeName !== names.nodeName) return undefined;
      // Trees of this run count from 1.
      const tree = { ...stored, names: wanted, incarnation: 0 };
      this.#trees.set(names.resourceName, tree);
      return tree;
    } catch (error) {
      this.#parts.logger.warn('the tree of an earlier run is given up', { endpoint, reason: errorMessage(error) });
      return undefined;
    }
  }

  /** Deletes a tree of an earlier run that is wanted no more. */
  abandon({ names, endpoint }: Pick<EndpointTree, 'names' | 'endpoint'>): void {
    this.#parts.removals.add(this.#parts.writer.addresses(names));
    this.#parts.keeper?.gone(endpoint);
  }

  /** Every tree that the CSE should hold now, also those that wait to be made. */
  get trees(): Iterable<EndpointTree> {
    return this.#trees.values();
  }

  /** True while something of that resourceName is a registration's, or about to be. */
  wants(resourceName: string): boolean {
    return this.#trees.has(resourceName) || this.#busy.has(resourceName);
  }

  /** Expects the tree of a registration of an earlier run that has none, and makes it when the CSE lets us. */
  expect(registration: Registration): void {
    const { endpoint } = registration;
    try {
      this.#expect(registration, this.#namesOf(endpoint), false);
      this.#parts.backlog.add(endpoint);
    } catch (error) {
      const fields = registrationFields(registration);
      this.#parts.logger.error('the tree of a device is not made', { ...fields, reason: errorMessage(error) });
    }
  }

  /**
   * Brings the tree of an accepted registration to what it should be; of one that is `damaged` everything is written.
   * In the turn of its endpoint. Never rejects.
   */
  async catchUp(registration: Registration, damaged: boolean): Promise<CaughtUp> {
    const { availability, logger } = this.#parts;
    const fields = registrationFields(registration);
    try {
      await this.#carryOut(registration, this.#namesOf(registration.endpoint), false, damaged);
      logger.debug('the tree of an endpoint has caught up', fields);
      return 'done';
    } catch (error) {
      availability.failed(error);
      const reason = errorMessage(error);
      if (isWithoutAnswer(error) || (error instanceof IpeError && error.retryable)) {
        logger.debug('the tree of an endpoint waits', { ...fields, reason });
        return 'later';
      }
      logger.error(
        'the CSE refuses the tree of a registration that was accepted; it is asked again every few minutes',
        { ...fields, reason },
      );
      return 'refused';
    }
  }

  async #attempt(
    operation: RegistrationOperation,
    what: string,
    registration: Registration,
    registered: boolean,
  ): Promise<Refusal | undefined> {
    const { availability, backlog, logger } = this.#parts;
    const { endpoint } = registration;
    try {
      const names = this.#namesOf(endpoint);
      if (availability.away !== undefined) return this.#withoutCse(registration, names, registered, availability.away);
      try {
        await this.#carryOut(registration, names, registered, false);
      } catch (error) {
        availability.failed(error);
        if (!isWithoutAnswer(error)) throw error;
        return this.#withoutCse(registration, names, registered, error.message);
      }
      backlog.settled(endpoint);
      // Each field is named: properties beside those that are spread cost more than the rest of the line.
      const fields = () => ({
        endpoint,
        registration: registrationMark(registration.id),
        resource: names.resourceName,
        links: registration.objectLinks.links.length,
      });
      if (operation === 'update') logger.debug('endpoint updated', fields);
      else logger.info(`endpoint ${what}`, fields());
      return undefined;
    } catch (error) {
      const refusal = refusalOf(operation, error, this.#parts.random);
      const fields = { ...registrationFields(registration), code: refusal.code, reason: errorMessage(error) };
      logger.warn(`${operation} refused`, fields);
      return refusal;
    }
  }

  /** The CSE does not answer: what the registration wants is carried out when it does, or the device told to wait. */
  #withoutCse(
    registration: Registration,
    names: EndpointNames,
    registered: boolean,
    reason: string,
  ): Refusal | undefined {
    const { backlog, logger, random } = this.#parts;
    const { endpoint } = registration;
    const fields = registrationFields(registration);
    if (this.#settings.whenAway === 'refuse') {
      logger.warn('refused while the CSE is away', { ...fields, code: '5.03', reason });
      return unavailable(random);
    }
    this.#expect(registration, names, registered);
    backlog.add(endpoint);
    this.counters.journalled += 1;
    const level = registered ? 'info' : 'debug';
    logger[level]('accepted without the CSE', { ...fields, resource: names.resourceName, reason });
    return undefined;
  }

  #expect(registration: Registration, names: EndpointNames, registered: boolean): void {
    const { writer, follower } = this.#parts;
    const known = this.#trees.get(names.resourceName);
    if (known !== undefined && known.pending === undefined) {
      follower.follow(registration, known, registered);
      return;
    }
    const tree = writer.expect(registration, names, known);
    this.#trees.set(names.resourceName, tree);
    if (registered || known === undefined) follower.expect?.(registration, tree, registered);
  }

  /** The tree becomes what the registration wants. Rejects with IpeError, also while the CSE is away. */
  async #carryOut(
    registration: Registration,
    names: EndpointNames,
    registered: boolean,
    whole: boolean,
  ): Promise<void> {
    const { lanes, availability } = this.#parts;
    const { resourceName } = names;
    this.#busy.set(resourceName, (this.#busy.get(resourceName) ?? 0) + 1);
    try {
      await lanes.run(
        async () => {
          if (availability.away !== undefined) throw new CseError('cse/unreachable', availability.away);
          await this.#withPresence(() => this.#bring(registration, names, registered, whole));
        },
        ORDER_OF_SERVICE[registered ? 'register' : 'update'],
      );
    } finally {
      const busy = (this.#busy.get(resourceName) ?? 1) - 1;
      if (busy > 0) this.#busy.set(resourceName, busy);
      else this.#busy.delete(resourceName);
    }
  }

  async #bring(registration: Registration, names: EndpointNames, registered: boolean, whole: boolean): Promise<void> {
    const { writer, removals, follower } = this.#parts;
    await removals.claim(writer.addresses(names));
    const tree = this.#trees.get(names.resourceName);
    const next =
      tree === undefined || tree.pending === true
        ? await writer.create(registration, names, tree?.incarnation)
        : await writer.change(tree, registration, whole);
    this.#trees.set(names.resourceName, next);
    if (tree === undefined || tree.pending === true || !sameTree(tree, next)) this.#parts.keeper?.made(next);
    follower.follow(registration, next, registered);
  }

  /** Runs the work; once more when it failed because the CSE had lost the IPE's own resources. */
  async #withPresence(work: () => Promise<void>): Promise<void> {
    const { presence } = this.#parts;
    const { generation } = presence;
    try {
      await work();
    } catch (error) {
      const suspicious = isPresenceLost(error) || isRefused(error, 4004);
      if (!suspicious || !(await presence.restore(generation))) throw error;
      await work();
    }
  }

  async #remove(what: string, registration: Registration): Promise<Refusal | undefined> {
    const { writer, removals, availability, logger, random } = this.#parts;
    const { endpoint, id } = registration;
    const fields = registrationFields(registration);
    const names = this.#namesOf(endpoint);
    const tree = this.#trees.get(names.resourceName);
    if (tree !== undefined) await this.#parts.follower.depart?.(registration, tree);
    // Of one that was never seen whole nobody knows what stands there, and whose it is: each is looked at first.
    const unsure = tree === undefined || tree.pending === true;
    this.#trees.delete(names.resourceName);
    this.#parts.backlog.settled(endpoint);
    this.#parts.follower.leave(endpoint);
    try {
      if (availability.away !== undefined || unsure) removals.add(writer.addresses(names));
      else await this.#parts.lanes.run(() => writer.remove(names, id), ORDER_OF_SERVICE.deregister);
      logger.info(`endpoint ${what}`, { ...fields, resource: names.resourceName });
      return undefined;
    } catch (error) {
      availability.failed(error);
      const reason = errorMessage(error);
      if (error instanceof CseError && (error.rsc === undefined || error.retryable)) {
        removals.add(writer.addresses(names));
        logger.warn(`endpoint ${what}; its resources are deleted when the CSE answers`, { ...fields, reason });
        return undefined;
      }
      logger.error(`endpoint ${what}, but the CSE refuses to delete its resources`, { ...fields, reason });
      return refusalOf('deregister', error, random);
    } finally {
      this.#parts.keeper?.gone(endpoint);
    }
  }

  #namesOf(endpoint: string): EndpointNames {
    const names = endpointNames(endpoint, this.#settings.names);
    const { reserved } = this.#settings;
    if (reserved.has(names.resourceName) || reserved.has(names.aeId) || reserved.has(names.nodeName)) {
      throw new IpeError('ipe/name-reserved', 'endpoint name is reserved');
    }
    const owner = this.#trees.get(names.resourceName);
    if (owner !== undefined && owner.endpoint !== endpoint) {
      throw new IpeError('ipe/name-taken', 'endpoint name is too like that of another endpoint');
    }
    return names;
  }
}
