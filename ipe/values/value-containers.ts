import { formatTimestamp, parseTimestamp, ResourceType } from '../../cse-client/index.ts';
import type { ObjectLink, Registration } from '../../lwm2m/index.ts';
import {
  CONTAINER_ATTRIBUTES,
  containerName,
  createAttributes,
  type InstancePath,
  valueContainerAttributes,
  valueContainerPath,
  valueContainerRepair,
} from '../../mappings/index.ts';
import type { EndpointTree } from '../bridge/endpoint-tree.ts';
import { isRefused } from '../cse/access.ts';
import type { ValueParts, ValueSettings } from './parts.ts';

/** A registration and the tree that the bridge keeps for it. */
export interface Followed {
  readonly registration: Registration;
  readonly tree: EndpointTree;
}

/** A container as it stands: its expirationTime where the CSE tells, and whether it was there before. */
interface Made {
  readonly et: string | undefined;
  readonly isNew: boolean;
}

const DAY = 24 * 3600 * 1000;
/** Milliseconds ahead to which value containers live; they go with their AE long before. */
const FAR = 4 * 365 * DAY;
/** An expirationTime nearer than this was cut to that of a parent. */
const NEAR = 365 * DAY;
/** Attempts to make containers that outlive an Update which comes between. */
const ATTEMPTS = 2;
const NAME_TAKEN = [4105, 5106] as const;

/**
 * The value containers of one endpoint: which are made, which are wanted. They and their contentInstances, which nobody
 * can renew, must not expire before their AE does; a CSE that cuts a child's expirationTime to its parent's gets AE and
 * instance container raised while they are made (docs/decisions/values.md).
 */
export class ValueContainers {
  readonly #parts: ValueParts;
  readonly #settings: ValueSettings;
  readonly #followed: () => Followed;
  readonly #made = new Set<string>();
  readonly #wanted = new Map<string, InstancePath>();
  /** Instance containers whose expirationTime, and that of the AE, is still raised. */
  readonly #raised = new Set<string>();
  /** Containers that the CSE will not have. */
  readonly #refused = new Set<string>();
  /** Containers that were found shortened, and are taken as they are from then on. */
  readonly #short = new Set<string>();
  #making: string | undefined;
  #ended = false;

  constructor(parts: ValueParts, settings: ValueSettings, followed: () => Followed) {
    this.#parts = parts;
    this.#settings = settings;
    this.#followed = followed;
  }

  /** Containers made or wanted. */
  get size(): number {
    return this.#made.size + this.#wanted.size;
  }

  has(container: string): boolean {
    return this.#made.has(container) || this.#wanted.has(container);
  }

  /** The bridge has written instance containers anew: those that hold values themselves are made to last again. */
  rewritten(): void {
    const { lasting } = this.#followed().tree;
    for (const container of this.#made) {
      if (!container.includes('/') && !lasting.has(container)) this.#made.delete(container);
    }
  }

  /**
   * A contentInstance in this container expires at `et`: true, once a container, when that is so near that the container has
   * been shortened, and is to be made anew.
   */
  isShortened(container: string, et: string | undefined): boolean {
    if (!this.#isNear(et) || this.#short.has(container)) return false;
    this.#short.add(container);
    this.#made.delete(container);
    this.#followed().tree.lasting.delete(container);
    return true;
  }

  isRefused(container: string): boolean {
    return this.#refused.size > 0 && this.#refused.has(container);
  }

  /** The CSE has refused the one that was being made for good; gives its name, or undefined when none was. */
  refuse(): string | undefined {
    const container = this.#making;
    this.#making = undefined;
    if (container === undefined) return undefined;
    for (const name of this.#wanted.keys()) {
      if (name !== container && !name.startsWith(`${container}/`)) continue;
      this.#wanted.delete(name);
      this.#refused.add(name);
    }
    return container;
  }

  /** Nothing new is made any more; what is raised is still put back. */
  end(): void {
    this.#ended = true;
  }

  /** True when something has to be done on the CSE before values can be stored. */
  get unsettled(): boolean {
    return this.#wanted.size > 0 || this.#raised.size > 0;
  }

  /** Wants the container of a path, and those that it stands in. */
  want(path: InstancePath): void {
    const { objectId, instanceId, resourceId, resourceInstanceId } = path;
    if (resourceInstanceId !== undefined && resourceId !== undefined) this.want({ objectId, instanceId, resourceId });
    const container = valueContainerPath(path);
    if (!this.#made.has(container)) this.#wanted.set(container, path);
  }

  /** Forgets the containers below one that is gone; all of them without one. */
  forget(container?: string): void {
    const { lasting } = this.#followed().tree;
    for (const known of [this.#made, this.#wanted, this.#raised, this.#refused, this.#short, lasting]) {
      for (const name of known.keys()) {
        if (container === undefined || name === container || name.startsWith(`${container}/`)) known.delete(name);
      }
    }
  }

  /** Makes what is wanted; gives how many were new. Rejects with CseError, what was made until then remembered. */
  async make(): Promise<number> {
    if (this.#parts.cse().dialect.childExpirationCutToParent) return this.#makeRaised();
    let count = 0;
    for (const [container, path] of this.#wanted) {
      if (this.#ended) break;
      await this.#ensure(path, this.#far());
      this.#settle(container);
      count += 1;
    }
    return count;
  }

  async #makeRaised(): Promise<number> {
    let count = 0;
    try {
      for (let attempt = 1; this.#wanted.size > 0 && !this.#ended && attempt <= ATTEMPTS; attempt += 1) {
        count += await this.#makeOnce(attempt === ATTEMPTS);
      }
    } finally {
      await this.#lower();
    }
    return count;
  }

  /** `last` takes containers as they are, for then the CSE has limits of its own. */
  async #makeOnce(last: boolean): Promise<number> {
    let count = 0;
    const far = this.#far();
    let instance: string | undefined;
    for (const [container, path] of byInstance(this.#wanted)) {
      if (this.#ended) break;
      if (containerName(path) !== instance) {
        await this.#raise(path, far, instance === undefined);
        instance = containerName(path);
      }
      const { et, isNew } = await this.#ensure(path, far);
      if (!last && this.#isNear(et)) {
        // Its `la` would keep the short time on ACME, so that lengthening it is not enough.
        if (isNew) await this.#parts.client.delete(`${this.#ae}/${container}`);
        continue;
      }
      this.#settle(container);
      count += 1;
    }
    return count;
  }

  #settle(container: string): void {
    this.#wanted.delete(container);
    this.#made.add(container);
    if (!container.includes('/')) this.#followed().tree.lasting.add(container);
  }

  async #ensure(path: InstancePath, expirationTime: string): Promise<Made> {
    this.#making = valueContainerPath(path);
    const made = await this.#create(path, expirationTime);
    this.#making = undefined;
    return made;
  }

  async #create(path: InstancePath, expirationTime: string): Promise<Made> {
    const { client, cse, models } = this.#parts;
    const { registration } = this.#followed();
    const { links } = registration.objectLinks;
    const version = links.find(({ objectId }) => objectId === path.objectId)?.version;
    const context = {
      endpoint: registration.endpoint,
      labels: this.#settings.labels,
      accessControlPolicy: cse().accessControlPolicy,
      expirationTime,
      maxInstances: this.#settings.maxInstances,
      definition: models().find(path.objectId, version, registration.version),
    };
    const address = `${this.#ae}/${valueContainerPath(path)}`;
    // An instance container is the bridge's: only what its contentInstances need is ours.
    if (path.resourceId === undefined) {
      return { et: await this.#convert(address, path, expirationTime), isNew: false };
    }
    const parent = address.slice(0, address.lastIndexOf('/'));
    try {
      const created = await client.create(ResourceType.container, parent, valueContainerAttributes(path, context));
      return { et: created.et, isNew: true };
    } catch (error) {
      if (!isRefused(error, ...NAME_TAKEN)) {
        if (!isRefused(error, 4004) || this.#listed(path)) throw error;
        await this.#createInstance(path, expirationTime);
        return this.#create(path, expirationTime);
      }
    }
    const repaired = await client.update(ResourceType.container, address, valueContainerRepair(path, context));
    return { et: repaired?.et, isNew: false };
  }

  /** Makes an instance container one that holds values itself; gives its expirationTime as it stands. */
  async #convert(address: string, path: InstancePath, et: string): Promise<string | undefined> {
    const { client, cse } = this.#parts;
    const mni = this.#settings.maxInstances;
    const existing = await client.retrieve(ResourceType.container, address).catch((error: unknown) => {
      if (!isRefused(error, 4004) || this.#listed(path)) throw error;
    });
    // ACME lets `la` go at the time that its container had when it was created: only a new one keeps it.
    const outgrown = cse().dialect.childExpirationCutToParent && existing !== undefined && existing.mni === undefined;
    if (outgrown) await client.delete(address);
    if (outgrown || existing === undefined) await this.#createInstance(path, et);
    return (await client.update(ResourceType.container, address, { mni, et }))?.et;
  }

  /** The container of an instance, as the bridge makes it for those that the device lists. Rejects with CseError. */
  async #createInstance({ objectId, instanceId }: InstancePath, expirationTime: string): Promise<void> {
    const { client, cse } = this.#parts;
    const { registration, tree } = this.#followed();
    const { accessControlPolicy, dialect } = cse();
    const { hostedAeLinksKept, containerOntologyRef } = dialect;
    const context = {
      registration,
      names: tree.names,
      labels: this.#settings.labels,
      expirationTime,
      accessControlPolicy,
      nodeLink: undefined,
      releaseVersion: '',
      hostedAeLinksKept,
      containerOntologyRef,
      link: this.#linkOf(containerName({ objectId, instanceId })) ?? { objectId, instanceId },
    };
    try {
      await client.create(ResourceType.container, this.#ae, createAttributes(CONTAINER_ATTRIBUTES, context));
    } catch (error) {
      if (!isRefused(error, ...NAME_TAKEN)) throw error;
    }
  }

  async #raise(path: InstancePath, et: string, first: boolean): Promise<void> {
    const { client } = this.#parts;
    const instance = containerName(path);
    // Before it is tried: who knows what a request without answer has done.
    this.#raised.add(instance);
    if (first) await client.update(ResourceType.ae, this.#ae, { et });
    try {
      await client.update(ResourceType.container, `${this.#ae}/${instance}`, { et });
    } catch (error) {
      if (!isRefused(error, 4004) || this.#listed(path)) throw error;
      await this.#createInstance(path, et);
    }
  }

  /** Puts back what was raised: instance containers, then the AE; again when an Update has moved the time meanwhile. */
  async #lower(): Promise<void> {
    const { client } = this.#parts;
    for (const instance of this.#raised) {
      const address = `${this.#ae}/${instance}`;
      // One that holds values itself, or that the device has not listed, is renewed by nobody and goes with the AE.
      if (this.#lists(instance) && !this.#followed().tree.lasting.has(instance)) {
        await this.#lowerOne((et) => client.update(ResourceType.container, address, { et }).catch(ignoreMissing));
      }
      if (this.#raised.size === 1) await this.#lowerOne((et) => client.update(ResourceType.ae, this.#ae, { et }));
      this.#raised.delete(instance);
    }
  }

  async #lowerOne(update: (et: string) => Promise<unknown>): Promise<void> {
    for (let written: number | undefined; written !== this.#followed().tree.expiresAt; ) {
      written = this.#followed().tree.expiresAt;
      await update(formatTimestamp(written, this.#parts.cse().dialect));
    }
  }

  #listed(path: InstancePath): boolean {
    return this.#lists(containerName(path));
  }

  #lists(instance: string): boolean {
    return this.#linkOf(instance) !== undefined;
  }

  #linkOf(instance: string): ObjectLink | undefined {
    return this.#followed().registration.objectLinks.links.find((link) => containerName(link) === instance);
  }

  get #ae(): string {
    return `${this.#settings.base}/${this.#followed().tree.names.resourceName}`;
  }

  #far(): string {
    return formatTimestamp(this.#parts.clock.wall() + FAR, this.#parts.cse().dialect);
  }

  #isNear(expires: string | undefined): boolean {
    return expires !== undefined && parseTimestamp(expires) < this.#parts.clock.wall() + NEAR;
  }
}

function ignoreMissing(error: unknown): void {
  if (!isRefused(error, 4004)) throw error;
}

/** Containers of the same instance one after the other, each behind those that it stands in, the instance's own first. */
function byInstance(wanted: ReadonlyMap<string, InstancePath>): [string, InstancePath][] {
  const groups = new Map<string, [string, InstancePath][]>();
  for (const entry of wanted) {
    const name = containerName(entry[1]);
    const group = groups.get(name);
    if (group === undefined) groups.set(name, [entry]);
    else if (entry[1].resourceId === undefined) group.unshift(entry);
    else group.push(entry);
  }
  return [...groups.values()].flat();
}
