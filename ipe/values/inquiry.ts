import { errorMessage } from '../../common/index.ts';
import {
  type DiscoveredLink,
  type NotificationAttributes,
  type Operation,
  type Outcome,
  type Registration,
  registrationFields,
  type Success,
} from '../../lwm2m/index.ts';
import { type InstancePath, type ValuePolicy, valueContainerPath } from '../../mappings/index.ts';
import type { FollowedDevice } from './container-making.ts';
import { isInstancePath } from './instance-paths.ts';
import type { ValueCounters, ValueParts } from './parts.ts';
import type { Turns, TurnTaker } from './turns.ts';
import { Wishes } from './wishes.ts';

/** What all inquiries share. */
export interface InquiryShares {
  readonly parts: ValueParts;
  readonly counters: ValueCounters;
  /** Devices that are asked at this moment, and those that wait for it. */
  readonly turns: Turns;
}

/** A device that is asked, and what takes its answers. */
export interface InquiredDevice extends FollowedDevice {
  policy(objectId: number): ValuePolicy;
  /** The values of these paths. */
  read(outcome: Success, paths: readonly InstancePath[]): void;
  /** What a Discover lists. */
  discovered(links: readonly DiscoveredLink[]): void;
}

/** Milliseconds until the answer of a device is waited for no longer. */
const DEADLINE = 30_000;
/** Milliseconds for which a device that did not answer is asked nothing, though it reports values. */
const HOLD = 60_000;
/** Content formats in which a Read-Composite is answered (LwM2M 1.1 7.4). */
const COMPOSITE_FORMATS = [110, 112, 11544];
/** Instances in one Read-Composite at most. */
const MOST_COMPOSITE = 32;

/**
 * What is asked of one device for the sake of its values, one request at a time, as background work: its instances are read
 * or observed (an Observe is also the first Read), the wishes of subscriptions are brought to it, its resources are
 * discovered. What a device does not answer now is asked again when it is heard of.
 */
export class Inquiry implements TurnTaker {
  readonly #shares: InquiryShares;
  readonly #device: InquiredDevice;
  // There are many devices, and most are idle: a list that would be empty is not there.
  #unread: readonly InstancePath[] | undefined;
  #undiscovered: readonly InstancePath[] | undefined;
  /** What is observed, though perhaps the device has forgotten it. */
  #unsure: readonly InstancePath[] | undefined;
  #wishes: Wishes | undefined;
  /** Of the inquiry that runs. */
  #abort: AbortController | undefined;
  #again = false;
  /** When the device did not answer, monotonic milliseconds. */
  #silentAt: number | undefined;
  #ended = false;

  constructor(shares: InquiryShares, device: InquiredDevice) {
    this.#shares = shares;
    this.#device = device;
  }

  /** What is wished of the device; undefined: nothing. */
  get wishes(): Wishes | undefined {
    return this.#wishes;
  }

  /** Wants a path observed with these attributes; undefined: no more, though an earlier run may have had it observed. */
  wish(path: InstancePath, attributes: NotificationAttributes | undefined): void {
    const known = this.#wishes?.has(path) === true;
    if (attributes === undefined && !known && !this.#isObserved(path)) return;
    this.#wishes ??= new Wishes();
    if (attributes === undefined && !known) this.#wishes.outlived(path);
    else this.#wishes.set(path, attributes);
    this.start();
  }

  #isObserved(path: InstancePath): boolean {
    for (const { paths, composite } of this.#shares.parts.observed(this.#registration.endpoint)) {
      if (!composite && paths.some((one) => isInstancePath(one) && isSame(one, path))) return true;
    }
    return false;
  }

  /** The device registered anew: what was asked of it before means nothing. */
  renew(): void {
    this.#abandon();
    this.#wishes?.forgotten();
  }

  /** Wants these paths read, and observed where that is the policy of an instance. */
  read(paths: readonly InstancePath[]): void {
    this.#unread = joined(this.#unread, paths);
  }

  /** Wants these instances discovered. */
  discover(instances: readonly InstancePath[]): void {
    this.#undiscovered = joined(this.#undiscovered, instances);
  }

  /** Wants these observed again, which nothing was heard of for too long; of a device that sleeps when it is awake next. */
  check(paths: readonly InstancePath[]): void {
    this.#unsure = joined(this.#unsure, paths);
    if (!this.#registration.queueMode) this.start();
  }

  /** An instance is there no more: nothing is asked of it, not even to take back what was wished. */
  forget(instance: InstancePath): void {
    this.#unread = this.#unread && without(this.#unread, instance);
    this.#undiscovered = this.#undiscovered && without(this.#undiscovered, instance);
    this.#unsure = unlisted(this.#unsure, instance);
    this.#wishes?.drop(valueContainerPath(instance));
  }

  /** Starts what is wanted, in its turn; what runs already goes on, and then once more. */
  start(): void {
    this.#again = this.#abort !== undefined;
    if (!this.#again && !this.#ended && this.#pending) this.#shares.turns.ask(this);
  }

  /** As `start`, for a device that reports values; not soon after it did not answer. */
  heard(): void {
    const silentFor = this.#silentAt === undefined ? HOLD : this.#shares.parts.clock.monotonic() - this.#silentAt;
    if (silentFor >= HOLD) this.start();
  }

  /** It is this device's turn to be asked. */
  async takeTurn(): Promise<void> {
    if (this.#ended) return;
    const abort = new AbortController();
    this.#abort = abort;
    try {
      await this.#askAll(abort.signal);
    } catch (error) {
      this.#shares.parts.logger.error('asking a device for its values failed', {
        ...registrationFields(this.#registration),
        error: errorMessage(error),
      });
    }
    if (this.#abort !== abort) return;
    this.#abort = undefined;
    if (this.#again) this.start();
  }

  /** The device has left. */
  end(): void {
    this.#ended = true;
    this.#abandon();
  }

  get #pending(): boolean {
    const asked = this.#unread ?? this.#undiscovered ?? this.#unsure;
    return asked !== undefined || this.#wishes?.next() !== undefined;
  }

  #abandon(): void {
    this.#abort?.abort();
    this.#abort = undefined;
    this.#again = false;
    this.#unread = undefined;
    this.#undiscovered = undefined;
    this.#unsure = undefined;
  }

  async #askAll(signal: AbortSignal): Promise<void> {
    for (const ask of [this.#readTogether, this.#readEach, this.#checkEach, this.#fulfil, this.#discoverEach]) {
      if (!(await ask.call(this, signal))) return;
    }
  }

  // Each of these is false when the device does not answer: then the rest is not asked for either.

  /** What it leaves out is read alone. */
  async #readTogether(signal: AbortSignal): Promise<boolean> {
    const paths = this.#composite();
    if (paths.length < 2) return true;
    const outcome = await this.#ask({ type: 'read-composite', paths }, signal);
    if (outcome?.kind === 'success') {
      this.#done(
        outcome,
        paths.filter((instance) => outcome.nodes?.some(({ path }) => isBelow(path, instance))),
      );
    }
    return outcome !== undefined;
  }

  /** Instances that are read without being observed, where the device understands a Read-Composite (LwM2M 1.1 6.3.8). */
  #composite(): InstancePath[] {
    const { version, objectLinks } = this.#registration;
    if (version === '1.0' || !COMPOSITE_FORMATS.some((format) => objectLinks.contentFormats.includes(format)))
      return [];
    const alone = (this.#unread ?? []).filter(({ objectId }) => {
      const { observe, transparent } = this.#device.policy(objectId);
      return observe !== 'always' && !transparent;
    });
    return alone.slice(0, MOST_COMPOSITE);
  }

  async #readEach(signal: AbortSignal): Promise<boolean> {
    for (let path = this.#unread?.[0]; path !== undefined; path = this.#unread?.[0]) {
      const outcome = await this.#readOne(path, signal);
      if (outcome === undefined) return false;
      if (outcome.kind === 'success') this.#done(outcome, [path]);
      else this.#unreadable(path, outcome);
    }
    return true;
  }

  async #readOne(path: InstancePath, signal: AbortSignal): Promise<Outcome | undefined> {
    if (path.resourceId === undefined && this.#device.policy(path.objectId).observe === 'always') {
      const outcome = await this.#ask({ type: 'observe', path }, signal);
      if (outcome?.kind === 'success' && outcome.observing !== false) this.#shares.counters.observed += 1;
      if (outcome === undefined || outcome.kind === 'success') return outcome;
    }
    return this.#ask({ type: 'read', path }, signal);
  }

  /** RFC 7641 3.3.1: asked for with the same token, it is renewed where it was lost, and goes on where it was not. */
  async #checkEach(signal: AbortSignal): Promise<boolean> {
    const { checks } = this.#shares.counters;
    for (let path = this.#unsure?.[0]; path !== undefined; path = this.#unsure?.[0]) {
      const outcome = await this.#ask({ type: 'observe', path }, signal);
      if (outcome === undefined) return false;
      this.#unsure = this.#unsure && without(this.#unsure, path);
      const goesOn = outcome.kind === 'success' && outcome.observing === true;
      const unchanged = outcome.kind === 'success' && outcome.unchanged === true;
      checks[goesOn ? (unchanged ? 'unchanged' : 'changed') : 'ended'] += 1;
      if (outcome.kind === 'success' && !unchanged) this.#device.read(outcome, [path]);
      if (goesOn) continue;
      this.#wishes?.ended(path);
      this.#tell('an observation is not to be renewed', path, outcome);
    }
    return true;
  }

  #done(outcome: Success, paths: readonly InstancePath[]): void {
    for (const path of paths) this.#unread = this.#unread && without(this.#unread, path);
    this.#shares.counters.read += paths.length;
    this.#device.read(outcome, paths);
  }

  #unreadable(path: InstancePath, outcome: Outcome): void {
    this.#unread = this.#unread && without(this.#unread, path);
    this.#tell('an object instance cannot be read', path, outcome);
  }

  /** A device that does not understand it shows what has a value. */
  async #discoverEach(signal: AbortSignal): Promise<boolean> {
    for (let path = this.#undiscovered?.[0]; path !== undefined; path = this.#undiscovered?.[0]) {
      const outcome = await this.#ask({ type: 'discover', path }, signal);
      if (outcome === undefined) return false;
      this.#undiscovered = this.#undiscovered && without(this.#undiscovered, path);
      if (outcome.kind === 'success') this.#device.discovered(outcome.links ?? []);
      else this.#tell('an object instance cannot be discovered', path, outcome);
    }
    return true;
  }

  async #fulfil(signal: AbortSignal): Promise<boolean> {
    for (let step = this.#wishes?.next(); step !== undefined; step = this.#wishes?.next()) {
      const { operation, wished } = step;
      const outcome = await this.#ask(operation, signal);
      if (outcome === undefined) return false;
      this.#wishes?.settle(step, outcome);
      if (outcome.kind !== 'success') this.#tell(`a wish ends in its ${operation.type}`, wished.path, outcome);
      else if (operation.type === 'observe') {
        this.#shares.counters.observed += 1;
        this.#device.read(outcome, [wished.path]);
      }
    }
    if (this.#wishes?.size === 0) this.#wishes = undefined;
    return true;
  }

  /** Undefined: the device does not answer, or nothing is wanted of it any more. */
  async #ask(operation: Operation, signal: AbortSignal): Promise<Outcome | undefined> {
    if (signal.aborted) return undefined;
    const options = { deadline: DEADLINE, signal, urgency: 'background' } as const;
    const outcome = await this.#shares.parts.perform(this.#registration.endpoint, operation, options);
    const answered = outcome.kind === 'success' || outcome.kind === 'refused' || outcome.kind === 'invalid';
    if (signal.aborted) return undefined;
    this.#silentAt = answered ? undefined : this.#shares.parts.clock.monotonic();
    return answered ? outcome : undefined;
  }

  #tell(what: string, path: InstancePath, outcome: Outcome): void {
    const why = outcome.kind === 'refused' ? outcome.code : outcome.kind === 'invalid' ? outcome.reason : outcome.kind;
    const fields = registrationFields(this.#registration);
    this.#shares.parts.logger.debug(what, { ...fields, container: valueContainerPath(path), why });
  }

  get #registration(): Registration {
    return this.#device.followed.registration;
  }
}

function joined(
  paths: readonly InstancePath[] = [],
  more: readonly InstancePath[],
): readonly InstancePath[] | undefined {
  const others = more.filter((path) => !paths.some((one) => isSame(one, path)));
  if (others.length === 0) return paths.length === 0 ? undefined : paths;
  return paths.length === 0 ? others : [...paths, ...others];
}

function without(paths: readonly InstancePath[], path: InstancePath): readonly InstancePath[] | undefined {
  const others = paths.filter((one) => !isSame(one, path));
  return others.length === 0 ? undefined : others;
}

function unlisted(
  paths: readonly InstancePath[] | undefined,
  instance: InstancePath,
): readonly InstancePath[] | undefined {
  const others = paths?.filter((path) => !isBelow(path, instance));
  return others === undefined || others.length === 0 ? undefined : others;
}

function isSame(a: InstancePath, b: InstancePath): boolean {
  return (
    a.instanceId === b.instanceId &&
    a.objectId === b.objectId &&
    a.resourceId === b.resourceId &&
    a.resourceInstanceId === b.resourceInstanceId
  );
}

function isBelow(path: { objectId: number; instanceId?: number }, instance: InstancePath): boolean {
  return path.objectId === instance.objectId && path.instanceId === instance.instanceId;
}
