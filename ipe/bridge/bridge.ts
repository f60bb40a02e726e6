import { errorMessage, IpeError, type Logger } from '../../common/index.ts';
import { CseError } from '../../cse-client/index.ts';
import type { Refusal, Registration, RegistrationHandler } from '../../lwm2m/index.ts';
import {
  type EndpointNames,
  endpointNames,
  type NameSettings,
  type RegistrationOperation,
} from '../../mappings/index.ts';
import type { CseAvailability } from '../cse/availability.ts';
import type { CsePresence } from '../cse/presence.ts';
import type { Lanes } from '../lanes.ts';
import { type EndpointTree, sameTree, type TreeKeeper } from './endpoint-tree.ts';
import { refusalOf, unavailable } from './refusal.ts';
import type { Removals } from './removals.ts';
import type { TreeWriter } from './tree-writer.ts';

/** Status codes that a CSE which lost the IPE's own resources gives to requests that rely on them. */
const LOST_PRESENCE = new Set([4000, 4004, 4102, 4103, 4107]);

/** Whoever puts more into the trees that the bridge keeps. */
export interface TreeFollower {
  /** The tree is what a Register (`registered`) or an Update wants; the device has not been answered yet. */
  follow(registration: Registration, tree: EndpointTree, registered: boolean): void;
  /** The registration ends; its tree is about to be deleted. */
  leave(endpoint: string): void;
}

/** What the bridge works with. */
export interface BridgeParts {
  readonly writer: TreeWriter;
  readonly removals: Removals;
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
}

/** Keeps the CSE as the registrations want it: the meaning of the LwM2M Client Registration interface in oneM2M. */
export class Bridge implements RegistrationHandler {
  /** By resourceName, so that two endpoints can never share one. */
  readonly #trees = new Map<string, EndpointTree>();
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
    return this.#attempt('register', what, registration, (names) => this.#bring(registration, names, true));
  }

  /** TS-0014 6.2.2.2 and 6.3.2.2: renews the tree; containers come and go with the links. */
  update(registration: Registration): Promise<Refusal | undefined> {
    return this.#attempt('update', 'updated', registration, (names) => this.#bring(registration, names, false));
  }

  /** Deletes the tree, at once or as soon as the CSE lets us. */
  deregister(registration: Registration): Promise<Refusal | undefined> {
    return this.#remove('de-registered', registration);
  }

  /** TS-0014 table 6.2.2.2-2: as De-register; there is nobody to answer. */
  async expire(registration: Registration): Promise<void> {
    await this.#remove('lifetime expired', registration);
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

  async #attempt(
    operation: RegistrationOperation,
    what: string,
    registration: Registration,
    work: (names: EndpointNames) => Promise<void>,
  ): Promise<Refusal | undefined> {
    const { availability, random, logger } = this.#parts;
    const { endpoint, id } = registration;
    if (availability.away !== undefined) return unavailable(random);
    try {
      const names = this.#namesOf(endpoint);
      await this.#parts.lanes.run(async () => {
        if (availability.away !== undefined) throw new CseError('cse/unreachable', availability.away);
        await this.#withPresence(() => work(names));
      });
      const level = operation === 'update' ? 'debug' : 'info';
      logger[level](`endpoint ${what}`, {
        endpoint,
        registration: id,
        resource: names.resourceName,
        links: registration.objectLinks.links.length,
      });
      return undefined;
    } catch (error) {
      availability.failed(error);
      const refusal = refusalOf(operation, error, random);
      logger.warn(`${operation} refused`, {
        endpoint,
        registration: id,
        code: refusal.code,
        reason: errorMessage(error),
      });
      return refusal;
    }
  }

  async #bring(registration: Registration, names: EndpointNames, registered: boolean): Promise<void> {
    const { writer, removals, follower } = this.#parts;
    await removals.claim(writer.addresses(names));
    const tree = this.#trees.get(names.resourceName);
    const next =
      tree === undefined ? await writer.create(registration, names) : await writer.change(tree, registration);
    this.#trees.set(names.resourceName, next);
    if (tree === undefined || !sameTree(tree, next)) this.#parts.keeper?.made(next);
    follower.follow(registration, next, registered);
  }

  /** Runs the work; once more when it failed because the CSE had lost the IPE's own resources. */
  async #withPresence(work: () => Promise<void>): Promise<void> {
    const { presence } = this.#parts;
    const { generation } = presence;
    try {
      await work();
    } catch (error) {
      const suspicious = error instanceof CseError && error.rsc !== undefined && LOST_PRESENCE.has(error.rsc);
      if (!suspicious || !(await presence.restore(generation))) throw error;
      await work();
    }
  }

  async #remove(what: string, registration: Registration): Promise<Refusal | undefined> {
    const { writer, removals, availability, logger, random } = this.#parts;
    const { endpoint, id } = registration;
    const names = this.#namesOf(endpoint);
    this.#trees.delete(names.resourceName);
    this.#parts.follower.leave(endpoint);
    try {
      if (availability.away !== undefined) removals.add(writer.addresses(names));
      else await this.#parts.lanes.run(() => writer.remove(names, id), 'urgent');
      logger.info(`endpoint ${what}`, { endpoint, registration: id, resource: names.resourceName });
      return undefined;
    } catch (error) {
      availability.failed(error);
      const reason = errorMessage(error);
      if (error instanceof CseError && (error.rsc === undefined || error.retryable)) {
        removals.add(writer.addresses(names));
        logger.warn(`endpoint ${what}; its resources are deleted when the CSE answers`, {
          endpoint,
          registration: id,
          reason,
        });
        return undefined;
      }
      logger.error(`endpoint ${what}, but the CSE refuses to delete its resources`, {
        endpoint,
        registration: id,
        reason,
      });
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
