import { formatTimestamp, parseTimestamp, ResourceType } from '../../cse-client/index.ts';
import type { Registration } from '../../lwm2m/index.ts';
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
    for (const known of [this.#made, this.#wanted, this.#raised, this.#refused]) {
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
      const expires = await this.#ensure(path, far);
      if (!last && this.#isNear(expires)) continue;
      this.#settle(container);
      count += 1;
    }
    return count;
  }

  #settle(container: string): void {
    this.#wanted.delete(container);
    this.#made.add(container);
  }

  /** expirationTime of the container as it stands, where the CSE tells. */
  async #ensure(path: InstancePath, expirationTime: string): Promise<string | undefined> {
    this.#making = valueContainerPath(path);
    const expires = await this.#create(path, expirationTime);
    this.#making = undefined;
    return expires;
  }

  async #create(path: InstancePath, expirationTime: string): Promise<string | undefined> {
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
    // An instance container is the bridge's: only the number of its contentInstances is ours.
    if (path.resourceId === undefined) return this.#limit(address, path);
    const parent = address.slice(0, address.lastIndexOf('/'));
    try {
      const created = await client.create(ResourceType.container, parent, valueContainerAttributes(path, context));
      return created.et;
    } catch (error) {
      if (!isRefused(error, ...NAME_TAKEN)) {
        if (!isRefused(error, 4004) || this.#listed(path)) throw error;
        await this.#createInstance(path, expirationTime);
        return this.#create(path, expirationTime);
      }
    }
    return (await client.update(ResourceType.container, address, valueContainerRepair(path, context)))?.et;
  }

  async #limit(address: string, path: InstancePath): Promise<undefined> {
    const limit = () =>
      this.#parts.client.update(ResourceType.container, address, { mni: this.#settings.maxInstances });
    try {
      await limit();
    } catch (error) {
      if (!isRefused(error, 4004) || this.#listed(path)) throw error;
      await this.#createInstance(path, this.#far());
      await limit();
    }
  }

  /** The container of an instance that the device has sent values of before listing it. Rejects with CseError. */
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
      link: { objectId, instanceId },
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
      // One that the device has not listed is renewed by nobody, and goes with the AE.
      if (this.#lists(instance)) {
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
    return this.#followed().registration.objectLinks.links.some((link) => containerName(link) === instance);
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

/** Containers of the same instance one after the other, each behind those that it stands in. */
function byInstance(wanted: ReadonlyMap<string, InstancePath>): [string, InstancePath][] {
  const groups = new Map<string, [string, InstancePath][]>();
  for (const entry of wanted) {
    const name = containerName(entry[1]);
    const group = groups.get(name);
    if (group === undefined) groups.set(name, [entry]);
    else group.push(entry);
  }
  return [...groups.values()].flat();
}
