import type { Clock, Logger } from '../../common/index.ts';
import { type ChildReference, type CseClient, formatTimestamp, ResourceType } from '../../cse-client/index.ts';
import { type ObjectLink, type Registration, registrationFields, registrationMark } from '../../lwm2m/index.ts';
import {
  containerName,
  type EndpointNames,
  isContainerName,
  type LabelSettings,
  type ResourceChange,
  resourceChanges,
} from '../../mappings/index.ts';
import type { CseState } from '../cse/presence.ts';
import { isRefused, isWithoutAnswer } from '../cse/refusals.ts';
import { ORDER_OF_SERVICE, type Service } from '../load/order-of-service.ts';
import type { EndpointTree } from './endpoint-tree.ts';
import { type ExpirationSettings, grantExpiration, needsRenewal } from './expiration.ts';
import {
  aePath,
  deleteOurs,
  deleteResource,
  ensureAe,
  ensureContainer,
  ensureNode,
  nodePath,
  renewAe,
  renewContainer,
  renewNode,
  type Work,
} from './resource-writer.ts';
import { Undo } from './undo.ts';
import type { Extent } from './whole-write.ts';

/** What the writer needs to know beside the registration. */
export interface TreeSettings {
  /** resourceName of the CSEBase. */
  readonly base: string;
  readonly adminOriginator: string | undefined;
  readonly releaseVersion: string;
  readonly labels: LabelSettings;
  readonly expiration: ExpirationSettings;
  /** `journal`: what a CSE that falls silent left half-made stays, since it is made whole when the CSE is back. */
  readonly whenAway: WhenAway;
}

/** What becomes of a Register or Update while the CSE is away: accepted and carried out later, or refused. */
export type WhenAway = 'journal' | 'refuse';

/** What the writer works with. */
export interface TreeParts {
  readonly client: CseClient;
  readonly cse: () => CseState;
  /** Resource ID of the policy that everything of an endpoint carries. Rejects with CseError. */
  readonly policyOf: (endpoint: string) => Promise<string>;
  /** Takes the addresses of what could not be taken back, to delete them later. */
  readonly leave: (paths: readonly string[]) => void;
  /** A resource that stood there was gone. */
  readonly missed?: (() => void) | undefined;
  readonly clock: Clock;
  readonly logger: Logger;
}

/** Makes, changes and removes the resources of one endpoint on the CSE; what fails half-way is taken back. */
export class TreeWriter {
  readonly #settings: TreeSettings;
  readonly #parts: TreeParts;
  readonly #client: CseClient;
  #incarnations = 0;

  constructor(settings: TreeSettings, parts: TreeParts) {
    this.#settings = settings;
    this.#parts = parts;
    this.#client = parts.client;
  }

  /**
   * Creates node, AE and containers, 2 + N requests (TS-0014 6.2.2.2, 6.3.2.2). What an earlier life of the IPE left for
   * the same endpoint is taken over and repaired. Rejects with IpeError, everything taken back.
   */
  async create(
    registration: Registration,
    names: EndpointNames,
    incarnation = this.#nextIncarnation(),
  ): Promise<EndpointTree> {
    const expiresAt = this.#grant(registration);
    const work = await this.#work(registration, names, expiresAt, 'register');
    try {
      const nodeId = await this.#node(work);
      const linked = { ...work, context: { ...work.context, nodeLink: this.#nodeLink(nodeId) } };
      if (await ensureAe(linked)) {
        // Taken back in the other order: ACME can never delete an AE whose node went before it.
        if (nodeId !== undefined) work.undo.adopt(nodePath(work));
        work.undo.adopt(aePath(work));
        await this.#dropUnlisted(linked);
      }
      await each(registration.objectLinks.links, (link) => ensureContainer(linked, link));
      const { endpoint, version, objectLinks } = registration;
      return { endpoint, names, version, objectLinks, nodeId, expiresAt, incarnation, lasting: new Set() };
    } catch (error) {
      if (!this.#keeps(error)) await work.undo.run();
      throw error;
    }
  }

  /** The tree as it will be when the CSE lets us make it; `before` is what was expected until now. Asks nothing. */
  expect(registration: Registration, names: EndpointNames, before?: EndpointTree): EndpointTree {
    const { endpoint, version, objectLinks } = registration;
    const incarnation = before?.incarnation ?? this.#nextIncarnation();
    const expiresAt = this.#grant(registration);
    const lasting = new Set<string>();
    return { endpoint, names, version, objectLinks, nodeId: undefined, expiresAt, incarnation, lasting, pending: true };
  }

  /**
   * Brings an existing tree to what a registration wants; one that the CSE has lost is made again. `whole` writes all of it
   * anew: labels, links, expirationTime, access. Rejects with IpeError: what was created is taken back then, what existed stays.
   */
  async change(tree: EndpointTree, registration: Registration, whole = false): Promise<EndpointTree> {
    const { names } = tree;
    const renew = whole || this.#needsRenewal(tree, registration);
    const changes = resourceChanges(tree, registration, renew);
    const expiresAt = renew ? this.#grant(registration) : tree.expiresAt;
    // Without a link: it stands since the AE was made, and ACME takes no other.
    const work = await this.#work(registration, names, expiresAt, 'update');
    tree.renewal = expiresAt;
    try {
      await this.#apply(work, changes, tree, registration, whole);
      const { version, objectLinks } = registration;
      return { ...tree, version, objectLinks, expiresAt, renewal: undefined };
    } catch (error) {
      tree.renewal = undefined;
      if (!this.#keeps(error)) await work.undo.run();
      if (!isRefused(error, 4004)) throw error;
    }
    this.#parts.missed?.();
    // Whoever has it written whole knows, and tells of all together.
    this.#parts.logger[whole ? 'debug' : 'warn'](
      'resources of an endpoint were missing on the CSE and are made again',
      { ...registrationFields(registration), resource: aePath(work) },
    );
    return this.create(registration, names);
  }

  /** Addresses of what there is of an endpoint, in the order in which it has to be deleted. */
  addresses(names: EndpointNames): string[] {
    const ae = `${this.#settings.base}/${names.resourceName}`;
    return this.#parts.cse().nodeCreation === 'none' ? [ae] : [ae, `${this.#settings.base}/${names.nodeName}`];
  }

  /** Deletes AE, with all below it, and node. What is gone already counts as deleted. Rejects with CseError. */
  async remove(names: EndpointNames, registrationId: string): Promise<void> {
    const client = this.#client.correlated(registrationMark(registrationId)).withPriority(ORDER_OF_SERVICE.deregister);
    for (const path of this.addresses(names)) await deleteResource(client, path);
  }

  async #apply(
    work: Work,
    changes: readonly ResourceChange[],
    tree: EndpointTree,
    registration: Registration,
    whole: boolean,
  ) {
    const changed = (differs: boolean): Extent => (whole ? 'whole' : differs ? 'labels' : 'time');
    const ofEndpoint = changed(tree.version !== registration.version);
    const ofContainers = changed(tree.objectLinks !== registration.objectLinks);
    const besides: (() => Promise<void>)[] = [];
    const vanished: string[] = [];
    for (const change of changes) {
      if (change.resource === 'ae') await renewAe(work, ofEndpoint);
      else if (change.resource === 'node') {
        if (tree.nodeId !== undefined) besides.push(() => renewNode(work, ofEndpoint, this.#nodeCreator));
      } else if (change.operation === 'delete') vanished.push(`${aePath(work)}/${change.name}`);
      else if (change.operation === 'create') besides.push(() => ensureContainer(work, change.link));
      else besides.push(() => this.#renewContainer(work, change.link, tree, ofContainers));
    }
    await each(besides, (work) => work());
    await each(vanished, (path) => deleteResource(work.client, path));
  }

  /** Passes over one that others have made to last, unless there is more to write than its time. */
  async #renewContainer(work: Work, link: ObjectLink, { lasting }: EndpointTree, extent: Extent): Promise<void> {
    const name = containerName(link);
    if (!lasting.has(name)) await renewContainer(work, link, extent);
    else if (extent === 'whole') {
      if (await renewContainer(work, link, extent, true)) lasting.delete(name);
    } else if (extent === 'labels') {
      lasting.delete(name);
      await renewContainer(work, link, extent);
    }
  }

  /** True where what was made stays, since its making goes on when the CSE is back. */
  #keeps(error: unknown): boolean {
    return this.#settings.whenAway === 'journal' && isWithoutAnswer(error);
  }

  #nextIncarnation(): number {
    this.#incarnations += 1;
    return this.#incarnations;
  }

  #needsRenewal(tree: EndpointTree, registration: Registration): boolean {
    const now = this.#parts.clock.wall();
    return (
      tree.version !== registration.version ||
      needsRenewal(tree.expiresAt, registration.lifetime, now, this.#settings.expiration)
    );
  }

  #grant(registration: Registration): number {
    return grantExpiration(registration.lifetime, this.#parts.clock.wall(), this.#settings.expiration);
  }

  async #work(registration: Registration, names: EndpointNames, expiresAt: number, service: Service): Promise<Work> {
    const { base, labels, releaseVersion } = this.#settings;
    const expirationTime = formatTimestamp(expiresAt, this.#client.dialect);
    const { hostedAeLinksKept, containerOntologyRef } = this.#parts.cse().dialect;
    const accessControlPolicy = await this.#parts.policyOf(registration.endpoint);
    const client = this.#client.correlated(registrationMark(registration.id)).withPriority(ORDER_OF_SERVICE[service]);
    const undo = new Undo((path) => deleteResource(client, path), this.#parts.leave);
    const context = {
      registration,
      names,
      labels,
      releaseVersion,
      expirationTime,
      accessControlPolicy,
      nodeLink: undefined,
      hostedAeLinksKept,
      containerOntologyRef,
    };
    return { client, context, base, undo };
  }

  #nodeLink(nodeId: string | undefined): string | undefined {
    return this.#parts.cse().dialect.nodeLink ? nodeId : undefined;
  }

  #node(work: Work): Promise<string | undefined> {
    const { nodeCreation } = this.#parts.cse();
    if (nodeCreation === 'none') return Promise.resolve(undefined);
    return ensureNode(work, this.#nodeCreator);
  }

  get #nodeCreator(): string | undefined {
    return this.#parts.cse().nodeCreation === 'administrator' ? this.#settings.adminOriginator : undefined;
  }

  /** Deletes the containers of a taken-over AE that the registration no longer lists; children of others stay. */
  async #dropUnlisted(work: Work): Promise<void> {
    const wanted = new Set(work.context.registration.objectLinks.links.map(containerName));
    const children = await work.client.children(aePath(work), { ty: [ResourceType.container] });
    const vanished = children.filter(
      (child) => isContainerName(child.name) && isChildOf(child, work.context.names) && !wanted.has(child.name),
    );
    await each(vanished, ({ name }) => deleteOurs(work, `${aePath(work)}/${name}`));
  }
}

/** False for a deeper descendant, which some CSEs list too; an address without levels cannot tell. */
function isChildOf({ value }: ChildReference, { resourceName }: EndpointNames): boolean {
  const parent = value.split('/').at(-2);
  return parent === undefined || parent === resourceName;
}

/** Resources of one endpoint that are worked on at once: more would only wait, and use up the time that a request has. */
const AT_ONCE = 8;

/** Works on all, a few at once; after a failure nothing new is begun, and it rejects when nothing runs on behind it. */
async function each<T>(items: readonly T[], work: (item: T) => Promise<void>): Promise<void> {
  let begun = 0;
  let failure: { readonly error: unknown } | undefined;
  const worker = async () => {
    while (begun < items.length && failure === undefined) {
      const item = items[begun] as T;
      begun += 1;
      try {
        await work(item);
      } catch (error) {
        failure ??= { error };
      }
    }
  };
  const workers: Promise<void>[] = [];
  for (let at = 0; at < items.length && at < AT_ONCE; at += 1) workers.push(worker());
  await Promise.all(workers);
  if (failure !== undefined) throw failure.error;
}
