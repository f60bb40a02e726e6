import { formatTimestamp, parseTimestamp, ResourceType } from '../../cse-client/index.ts';
import { containerName, type InstancePath, pathOfValueContainer, valueContainerPath } from '../../mappings/index.ts';
import { intendedExpiration } from '../bridge/endpoint-tree.ts';
import { farExpiration, isCut } from '../bridge/expiration.ts';
import { isRefused } from '../cse/refusals.ts';
import {
  aeAddress,
  byInstance,
  type ContainerShares,
  clientOf,
  createContainer,
  createInstance,
  type FollowedDevice,
  isListed,
  type Made,
  standing,
} from './container-making.ts';

/** Milliseconds: an expirationTime nearer than this was cut to that of a parent. */
const NEAR = 180 * 24 * 3600 * 1000;
/** Milliseconds within which two expirationTimes are the same, for some CSEs know no fractions. */
const SAME = 2_000;
/** Attempts to make containers that outlive Updates which come between: each writes to the AE, then to the instance. */
const ATTEMPTS = 5;
/** The attempt from which on a time that no Update has brought is one that the CSE sets. */
const CSE_LIMITS = 2;

/**
 * The value containers of one endpoint: which are made, which are wanted. They and their contentInstances, which nobody
 * can renew, must not expire before their AE does; a CSE that cuts a child's expirationTime to its parent's gets AE and
 * instance container raised while they are made (docs/decisions/values.md).
 */
export class ValueContainers {
  readonly #shares: ContainerShares;
  readonly #device: FollowedDevice;
  // There are many endpoints, and most are idle: a set that would be empty is not there.
  #made: Set<string> | undefined;
  #wanted: Map<string, InstancePath> | undefined;
  /** Instance containers whose expirationTime, and that of the AE, is still raised. */
  #raised: Set<string> | undefined;
  /** Containers that the CSE will not have. */
  #refused: Set<string> | undefined;
  /** Containers that were found shortened, and are taken as they are from then on. */
  #short: Set<string> | undefined;
  /** The CSE cuts times further than those of the parents: all containers are taken as they are. */
  #limited = false;
  /** Containers that may not stand there any more. */
  #doubted: Set<string> | undefined;
  #making: string | undefined;
  /** An earlier run has made containers, which are to be looked up. */
  #unknown = false;
  #ended = false;

  constructor(shares: ContainerShares, device: FollowedDevice) {
    this.#shares = shares;
    this.#device = device;
  }

  /** Containers made or wanted. */
  get size(): number {
    return (this.#made?.size ?? 0) + (this.#wanted?.size ?? 0);
  }

  has(container: string): boolean {
    return this.#isMade(container) || this.#wanted?.has(container) === true;
  }

  /** The bridge has written instance containers anew: those that hold values themselves are made to last again. */
  rewritten(): void {
    const { lasting } = this.#device.followed.tree;
    for (const container of this.#made ?? []) {
      if (!container.includes('/') && !lasting.has(container)) this.#made?.delete(container);
    }
  }

  /**
   * A contentInstance in this container expires at `et`: true, once a container, when that is so near that the container has
   * been shortened, and is to be made anew.
   */
  isShortened(container: string, et: string | undefined): boolean {
    if (this.#limited || !this.#isNear(et) || this.#short?.has(container)) return false;
    this.#short ??= new Set();
    this.#short.add(container);
    this.#made?.delete(container);
    this.#device.followed.tree.lasting.delete(container);
    return true;
  }

  isRefused(container: string): boolean {
    return this.#refused?.has(container) === true;
  }

  /** The CSE has refused the one that was being made for good; gives its name, or undefined when none was. */
  refuse(): string | undefined {
    const container = this.#making;
    this.#making = undefined;
    if (container === undefined) return undefined;
    this.#refused ??= new Set();
    for (const name of this.#wanted?.keys() ?? []) {
      if (!isWithin(name, container)) continue;
      this.#dropWanted(name);
      this.#refused.add(name);
    }
    return container;
  }

  /** The device was there in an earlier run, and so were its containers. */
  recall(): void {
    this.#unknown = true;
  }

  /** Nothing new is made any more; what is raised is still put back. */
  end(): void {
    this.#ended = true;
  }

  /** True when something has to be done on the CSE before values can be stored. */
  get unsettled(): boolean {
    return this.#unknown || this.#wanted !== undefined || this.#raised !== undefined;
  }

  /** Wants the container of a path, and those that it stands in. */
  want(path: InstancePath): void {
    const { objectId, instanceId, resourceId, resourceInstanceId } = path;
    if (resourceInstanceId !== undefined && resourceId !== undefined) this.want({ objectId, instanceId, resourceId });
    const container = valueContainerPath(path);
    if (this.#isMade(container) || this.isRefused(container)) return;
    this.#wanted ??= new Map();
    this.#wanted.set(container, path);
  }

  /** Forgets a container that is gone, and those below it; all of them without one. */
  forget(container?: string): void {
    const { tree } = this.#device.followed;
    const all = [this.#made, this.#wanted, this.#raised, this.#refused, this.#short, this.#doubted, tree.lasting];
    for (const known of all) {
      for (const name of known?.keys() ?? []) {
        if (container === undefined || isWithin(name, container)) known?.delete(name);
      }
    }
    if (this.#wanted?.size === 0) this.#wanted = undefined;
    if (this.#raised?.size === 0) this.#raised = undefined;
    if (container === undefined) {
      this.#limited = false;
      this.#unknown = false;
    }
    this.#device.gone(container);
  }

  /** A container is missing that stood there: it is wanted again, and so are those that it stood in and those beside it. */
  missing({ objectId, instanceId, resourceId }: InstancePath): void {
    const lost = valueContainerPath(
      resourceId === undefined ? { objectId, instanceId } : { objectId, instanceId, resourceId },
    );
    const stood = [...(this.#made ?? [])].filter((name) => isWithin(name, lost));
    this.forget(lost);
    for (const name of stood) {
      const path = pathOfValueContainer(name);
      if (path !== undefined) this.want(path);
    }
  }

  /** Makes sure, with the next making, of those that were made and are not listed; they may have come in between. */
  compare(standing: ReadonlySet<string>): void {
    for (const name of this.#made ?? []) {
      const path = standing.has(name) ? undefined : pathOfValueContainer(name);
      if (path === undefined) continue;
      this.#made?.delete(name);
      this.#doubted ??= new Set();
      this.#doubted.add(name);
      this.want(path);
    }
  }

  /** Makes what is wanted; gives how many were new. Rejects with CseError, what was made until then remembered. */
  async make(): Promise<number> {
    if (this.#unknown) await this.#lookUp();
    if (this.#shares.parts.cse().dialect.childExpirationCutToParent) return this.#makeRaised();
    let count = 0;
    for (const [container, path] of byInstance(this.#wanted ?? new Map())) {
      if (this.#ended) break;
      if (!this.#isWanted(container)) continue;
      const made = await this.#ensure(path, this.#far());
      if (!this.#isWanted(container)) continue;
      this.#settle(container, path, made);
      count += 1;
    }
    return count;
  }

  async #lookUp(): Promise<void> {
    const { lasting } = this.#device.followed.tree;
    const found = await standing({ client: clientOf(this.#shares, this.#device) }, this.#ae);
    this.#unknown = false;
    for (const [container, path] of found) {
      // Of an instance it is the bridge's, unless it was made to hold values itself.
      if (path.resourceId === undefined && !lasting.has(container)) continue;
      if (!this.#isMade(container)) this.#settle(container, path, { et: undefined, isNew: false });
    }
  }

  async #makeRaised(): Promise<number> {
    let count = 0;
    try {
      for (let attempt = 1; this.#wanted !== undefined && !this.#ended && attempt <= ATTEMPTS; attempt += 1) {
        count += await this.#makeOnce(attempt);
      }
    } finally {
      await this.#lower();
    }
    return count;
  }

  /** The later attempts take containers as they are: the CSE has limits of its own, or there is no end to Updates. */
  async #makeOnce(attempt: number): Promise<number> {
    let count = 0;
    const far = this.#far();
    let instance: string | undefined;
    for (const [container, path] of byInstance(this.#wanted ?? new Map())) {
      if (this.#ended) break;
      if (!this.#isWanted(container)) continue;
      if (containerName(path) !== instance) {
        await this.#raise(path, far, instance === undefined);
        instance = containerName(path);
        if (!this.#isWanted(container)) continue;
      }
      const made = await this.#ensure(path, far);
      if (!this.#isWanted(container)) continue;
      const short = this.#isNear(made.et);
      const limited = short && attempt >= CSE_LIMITS && !this.#isGranted(made.et);
      if (limited) this.#limited = true;
      if (short && !limited && attempt < ATTEMPTS) {
        // Its `la` would keep the short time on ACME, so that lengthening it is not enough.
        if (made.isNew) await clientOf(this.#shares, this.#device).delete(`${this.#ae}/${container}`);
        continue;
      }
      this.#settle(container, path, made);
      count += 1;
    }
    return count;
  }

  #settle(container: string, path: InstancePath, { isNew }: Made): void {
    const { registration, tree } = this.#device.followed;
    this.#dropWanted(container);
    this.#made ??= new Set();
    this.#made.add(this.#shares.names.of(container));
    if (!container.includes('/')) tree.lasting.add(container);
    if (this.#doubted?.delete(container) && isNew) this.#device.refilled(container, path);
    this.#shares.listener.made(registration.endpoint, path, container, !isNew);
  }

  #isMade(container: string): boolean {
    return this.#made?.has(container) === true;
  }

  /** False once it was forgotten, or made, since somebody began to make what is wanted. */
  #isWanted(container: string): boolean {
    return this.#wanted?.has(container) === true;
  }

  #dropWanted(container: string): void {
    this.#wanted?.delete(container);
    if (this.#wanted?.size === 0) this.#wanted = undefined;
  }

  async #ensure(path: InstancePath, expirationTime: string): Promise<Made> {
    const container = valueContainerPath(path);
    this.#making = container;
    const wanted = () => this.#isWanted(container);
    const made = await createContainer(this.#shares, this.#device, path, expirationTime, wanted);
    this.#making = undefined;
    return made;
  }

  async #raise(path: InstancePath, et: string, first: boolean): Promise<void> {
    const client = clientOf(this.#shares, this.#device);
    const instance = containerName(path);
    // Before it is tried: who knows what a request without answer has done.
    this.#raised ??= new Set();
    this.#raised.add(instance);
    if (first) await client.update(ResourceType.ae, this.#ae, { et });
    try {
      await client.update(ResourceType.container, `${this.#ae}/${instance}`, { et });
    } catch (error) {
      if (!isRefused(error, 4004) || isListed(this.#device, instance)) throw error;
      const wanted = [...(this.#wanted?.keys() ?? [])].some((name) => isWithin(name, instance));
      if (wanted) await createInstance(this.#shares, this.#device, path, et);
    }
  }

  /** Puts back what was raised: instance containers, then the AE; again when an Update has moved the time meanwhile. */
  async #lower(): Promise<void> {
    const client = clientOf(this.#shares, this.#device);
    const raised = this.#raised ?? new Set();
    for (const instance of raised) {
      const address = `${this.#ae}/${instance}`;
      // One that holds values itself, or that the device has not listed, is renewed by nobody and goes with the AE.
      if (isListed(this.#device, instance) && !this.#device.followed.tree.lasting.has(instance)) {
        await this.#lowerOne((et) => client.update(ResourceType.container, address, { et }).catch(ignoreMissing));
      }
      if (raised.size === 1) await this.#lowerOne((et) => client.update(ResourceType.ae, this.#ae, { et }));
      raised.delete(instance);
    }
    this.#raised = undefined;
  }

  async #lowerOne(update: (et: string) => Promise<unknown>): Promise<void> {
    const intended = () => intendedExpiration(this.#device.followed.tree);
    for (let written: number | undefined; written !== intended(); ) {
      written = intended();
      await update(formatTimestamp(written, this.#shares.parts.cse().dialect));
    }
  }

  get #ae(): string {
    return aeAddress(this.#shares, this.#device);
  }

  #far(): string {
    return farExpiration(this.#shares.parts.clock, this.#shares.parts.cse().dialect);
  }

  /** True for a time of the tree: an Update which came between has brought it. */
  #isGranted(expires: string | undefined): boolean {
    const { tree } = this.#device.followed;
    const times = [tree.expiresAt, intendedExpiration(tree)];
    return expires !== undefined && times.some((time) => Math.abs(parseTimestamp(expires) - time) < SAME);
  }

  #isNear(expires: string | undefined): boolean {
    return isCut(expires, NEAR, this.#shares.parts.clock);
  }
}

/** True for a container itself and for what stands below it. */
export function isWithin(name: string, container: string): boolean {
  return name === container || name.startsWith(`${container}/`);
}

function ignoreMissing(error: unknown): void {
  if (!isRefused(error, 4004)) throw error;
}
