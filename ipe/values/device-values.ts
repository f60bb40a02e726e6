import { errorMessage } from '../../common/index.ts';
import { type ContentInstance, type CreateAttributes, formatTimestamp } from '../../cse-client/index.ts';
import {
  type DiscoveredLink,
  type Node,
  type ObservationChange,
  type Path,
  type Report,
  type ResourceDefinition,
  registrationFields,
  type Success,
} from '../../lwm2m/index.ts';
import {
  type EncodedContent,
  encapsulatedInstance,
  type InstancePath,
  type NotificationWish,
  type ValuePolicy,
  valueContainerPath,
  valueInstance,
} from '../../mappings/index.ts';
import type { Followed } from '../bridge/endpoint-tree.ts';
import { ConfirmedValues, type ConfirmingDevice } from './confirmed-values.ts';
import { Delivery, type DeliveryShares } from './delivery.ts';
import { type InquiredDevice, Inquiry, type InquiryShares } from './inquiry.ts';
import { includes, isInstancePath, isWhole, type Listing, wantedInstances } from './instance-paths.ts';
import { silentPaths } from './observation-check.ts';
import type { ValuePolicies } from './value-policies.ts';
import type { QueuedValue } from './value-queue.ts';
import { attributesOf } from './wishes.ts';

/** What the values of all devices share. */
export interface DeviceShares {
  readonly delivery: DeliveryShares;
  readonly inquiry: InquiryShares;
  readonly policies: ValuePolicies;
  /** A resourceName that no other contentInstance has. */
  readonly nextName: () => string;
}

/** Room that a body needs beside the content, bytes. */
const BODY_OVERHEAD = 512;

/** The values of one device: read when it registers, taken when it reports them, on their way to the CSE. */
export class DeviceValues implements InquiredDevice, ConfirmingDevice {
  readonly #shares: DeviceShares;
  readonly #delivery: Delivery;
  readonly #inquiry: Inquiry;
  #followed: Followed;
  /** Content last taken for each container; only where unchanged values are left out. */
  #last: Map<string, string> | undefined;
  /** Only of devices that have been commanded. */
  #confirmed: ConfirmedValues | undefined;
  #toldTooLarge = false;

  /** Of instances that are `known` nothing is asked at first. */
  constructor(shares: DeviceShares, followed: Followed, known: (path: InstancePath) => boolean = () => false) {
    this.#shares = shares;
    this.#followed = followed;
    this.#delivery = new Delivery(shares.delivery, this);
    this.#inquiry = new Inquiry(shares.inquiry, this);
    const unknown = this.#instances().filter((path) => !known(path));
    this.#ask(unknown);
  }

  get followed(): Followed {
    return this.#followed;
  }

  /** With a container its subscriptions are gone, and with them what they wished. */
  gone(container: string | undefined): void {
    this.#inquiry.wishes?.end(container);
    this.#shares.delivery.listener.gone(this.#followed.registration.endpoint, container);
  }

  /** The device was there in an earlier run of the bridge; `now`: its containers are looked up at once. */
  recall(now: boolean): void {
    this.#delivery.recall();
    if (now) this.#delivery.wake();
  }

  /** Values that wait for the CSE. */
  get waiting(): number {
    return this.#delivery.size;
  }

  /** The bridge has brought the tree to what a Register (`registered`) or an Update wants. */
  follow(followed: Followed, registered: boolean): void {
    const { tree, registration } = this.#followed;
    const before = this.#instances();
    // What an Update took away in an earlier run stands there until the tree has caught up.
    const stood = tree.objectLinks === registration.objectLinks ? before : this.#instances(tree);
    this.#followed = followed;
    const rebuilt = tree.incarnation !== followed.tree.incarnation;
    const anew = registered || registration.id !== followed.registration.id;
    if (anew) this.#inquiry.renew();
    if (rebuilt) {
      this.#last?.clear();
      this.#delivery.forget();
    } else if (tree.objectLinks !== followed.tree.objectLinks) this.#delivery.rewritten();
    const now = registration.objectLinks === followed.registration.objectLinks ? before : this.#instances();
    const changed = now !== before || now !== stood;
    for (const path of changed ? [...before, ...stood] : []) if (!includes(now, path)) this.#forget(path);
    const added = now === before ? [] : now.filter((path) => !includes(before, path));
    // The resources of an instance stay the same for as long as its device lists it, but values are new with each Register.
    this.#ask(anew || rebuilt ? now : added, rebuilt ? now : added);
    this.#delivery.hurry();
  }

  /** Asks the device for what is wanted. */
  start(): void {
    this.#inquiry.start();
  }

  /** Values that the device reported of itself; it listens now, so that what it has not answered is asked again. */
  report({ nodes, path, content, receivedAt }: Report): void {
    this.#take(nodes, path, content, receivedAt);
    this.#inquiry.heard();
  }

  /** The server has asked for an observation anew, or the device has ended one. */
  observationChanged(change: ObservationChange): void {
    const { paths } = change;
    if (change.kind === 'renewed' && change.outcome.kind === 'success') this.read(change.outcome, paths);
    else for (const path of paths) if (isInstancePath(path)) this.#inquiry.wishes?.ended(path);
  }

  read({ nodes = [], content }: Success, paths: readonly Path[]): void {
    this.#take(nodes, paths.length === 1 ? paths[0] : undefined, content, this.#parts.clock.wall());
  }

  /** See `ValueHooks.storeRead`. */
  storeRead(outcome: Success, path: InstancePath): Promise<void> {
    this.read(outcome, [path]);
    return this.#delivery.stored(valueContainerPath(path));
  }

  discovered(links: readonly DiscoveredLink[]): void {
    for (const { path } of links) {
      if (isInstancePath(path) && path.resourceId !== undefined && this.policy(path.objectId).semantic) {
        this.#delivery.want(path);
      }
    }
    this.#delivery.wake();
  }

  /** See `Values.compare`. */
  compare(standing: ReadonlySet<string>): void {
    this.#delivery.compare(standing);
  }

  /** Subscriptions are gone with the container; the value is asked for again. */
  refilled(container: string, path: InstancePath): void {
    this.gone(container);
    this.#last?.delete(container);
    this.readAgain(path);
  }

  /** See `CheckedDevice.check`. */
  check(now: number, since: number): boolean {
    const { observeCheck } = this.#settings;
    if (observeCheck === 'off') return false;
    const observed = this.#parts.observed(this.#followed.registration.endpoint);
    const within = (path: InstancePath) => this.#inquiry.wishes?.within(path);
    const { silent, timed } = silentPaths(observed, observeCheck, within, { now, since });
    if (silent.length > 0) this.#inquiry.check(silent);
    return timed;
  }

  /** The CSE answers again. */
  resume(): void {
    this.#delivery.hurry();
  }

  /** See `ValueHooks.observeWish`. */
  observeWish(path: InstancePath, wish: NotificationWish | undefined): void {
    if (this.policy(path.objectId).observe !== 'on-subscription') return;
    this.#inquiry.wish(path, wish && attributesOf(wish, path, this.#definitionOf(path)));
  }

  /** See `ValueHooks.confirmed`. */
  confirmed(path: InstancePath): Promise<ContentInstance | undefined> {
    return this.#confirmedValues().latest(path);
  }

  /** See `ValueHooks.storeAgain`. */
  storeAgain(path: InstancePath): Promise<boolean> {
    return this.#confirmedValues().storeAgain(path);
  }

  /** See `ValueHooks.written`. */
  written(nodes: readonly Node[]): void {
    for (const node of nodes) {
      const { path } = node;
      if (!isInstancePath(path) || this.#isWriteOnly(path)) continue;
      const { semantic, transparent } = this.policy(path.objectId);
      // What is encapsulated is a whole instance, which only the device can give.
      if (transparent) {
        if (!this.isObserved(path)) this.readAgain({ objectId: path.objectId, instanceId: path.instanceId });
      } else if (semantic) this.#confirmedValues().written(node, path);
    }
  }

  address(container: string): string {
    return `${this.#aeAddress}/${container}`;
  }

  holds(container: string): boolean {
    return this.#delivery.holds(container);
  }

  isObserved(path: InstancePath): boolean {
    const { observe } = this.policy(path.objectId);
    if (observe !== 'on-subscription') return observe === 'always';
    return this.#inquiry.wishes?.covers(path) === true;
  }

  store(path: InstancePath, attributes: CreateAttributes<4>): void {
    this.#enqueue(valueContainerPath(path), path, attributes, this.#parts.clock.wall());
    this.#delivery.wake();
  }

  take(nodes: readonly Node[]): void {
    this.#take(nodes, undefined, undefined, this.#parts.clock.wall());
  }

  readAgain(path: InstancePath): boolean {
    if (this.#definitionOf(path)?.operations.read === false) return false;
    this.#inquiry.read([path]);
    this.#inquiry.start();
    return true;
  }

  /** Takes up values of an earlier run, which go before all others. */
  takeUp(values: readonly QueuedValue[]): void {
    for (const value of values) this.#delivery.takeUp(value);
    this.#delivery.wake();
  }

  get isDeparting(): boolean {
    return this.#delivery.isDeparting;
  }

  /** As `Delivery.depart`; nothing is asked of the device any more. */
  depart(limit: number): Promise<void> {
    this.#confirmed?.end();
    this.#inquiry.end();
    return this.#delivery.depart(limit);
  }

  /** As `Delivery.end`; nothing is asked of the device any more. */
  end(forLater: boolean): Promise<void> {
    this.#confirmed?.end();
    this.#inquiry.end();
    return this.#delivery.end(forLater);
  }

  policy(objectId: number): ValuePolicy {
    return this.#shares.policies.of(this.#followed.registration.endpoint, objectId);
  }

  /** The instances that the device lists and whose values are wanted. */
  #instances(listing: Listing = this.#followed.registration): readonly InstancePath[] {
    return wantedInstances(listing, (objectId) => this.policy(objectId));
  }

  #ask(unread: readonly InstancePath[], undiscovered = unread): void {
    this.#inquiry.read(unread);
    if (!this.#settings.discover) return;
    this.#inquiry.discover(undiscovered.filter(({ objectId }) => this.policy(objectId).semantic));
  }

  #forget(path: InstancePath): void {
    const container = valueContainerPath(path);
    this.#inquiry.forget(path);
    this.#delivery.forget(container);
    for (const name of this.#last?.keys() ?? []) if (name.startsWith(`${container}/`)) this.#last?.delete(name);
  }

  #confirmedValues(): ConfirmedValues {
    this.#confirmed ??= new ConfirmedValues(this.#parts, this);
    return this.#confirmed;
  }

  /** `from`: what was asked for or observed, if it is one path; `content`: the values as they came. */
  #take(nodes: readonly Node[], from: Path | undefined, content: EncodedContent | undefined, receivedAt: number): void {
    // History comes in any order; a container has it in order of time.
    const timed = nodes.some(({ time }) => time !== undefined);
    const ordered = timed ? nodes.toSorted((a, b) => (a.time ?? receivedAt) - (b.time ?? receivedAt)) : nodes;
    const whole = isWhole(from);
    const encapsulated = new Map<string, Node[]>();
    for (const node of ordered) {
      const { path } = node;
      if (!isInstancePath(path)) continue;
      const { semantic, transparent } = this.policy(path.objectId);
      if (semantic && !(whole && this.#isObservedItself(path))) this.#takeNode(node, path, receivedAt);
      if (!transparent) continue;
      const container = valueContainerPath({ objectId: path.objectId, instanceId: path.instanceId });
      const others = encapsulated.get(container);
      if (others === undefined) encapsulated.set(container, [node]);
      else others.push(node);
    }
    for (const [container, values] of encapsulated) {
      this.#encapsulate(container, values, whole ? content : undefined, receivedAt);
    }
    this.#delivery.wake();
  }

  /** True where a value comes by an observation of its own as well as by that of its instance. */
  #isObservedItself(path: InstancePath): boolean {
    return this.#inquiry.wishes?.isObserved(valueContainerPath(path)) === true;
  }

  #takeNode(node: Node, path: InstancePath, receivedAt: number): void {
    if (path.resourceId === undefined) return;
    const container = valueContainerPath(path);
    this.#confirmed?.taken(container);
    const { dialect } = this.#parts.cse();
    const attributes = valueInstance(node, {
      form: dialect,
      aeAddress: this.#aeAddress,
      type: this.#definitionOf(path)?.type,
      timestamp: (milliseconds) => formatTimestamp(milliseconds, dialect),
    });
    if (this.#settings.storeUnchanged) return void this.#enqueue(container, path, attributes, receivedAt);
    const content = JSON.stringify(attributes.con);
    this.#last ??= new Map();
    if (this.#last.get(container) === content) this.#shares.delivery.counters.unchanged += 1;
    else if (this.#enqueue(container, path, attributes, receivedAt)) this.#last.set(container, content);
  }

  #encapsulate(
    container: string,
    nodes: readonly Node[],
    content: EncodedContent | undefined,
    receivedAt: number,
  ): void {
    const { objectId, instanceId } = (nodes[0] as Node).path as InstancePath;
    const path = { objectId, instanceId };
    try {
      const attributes = encapsulatedInstance(content ?? this.#parts.encode(nodes, path));
      this.#confirmed?.taken(container);
      this.#enqueue(container, path, attributes, receivedAt);
    } catch (error) {
      this.#parts.logger.warn('an object instance cannot be encoded', {
        ...registrationFields(this.#followed.registration),
        container,
        reason: errorMessage(error),
      });
    }
  }

  /** False when the CSE would not take it, or there is no room. */
  #enqueue(container: string, path: InstancePath, attributes: CreateAttributes<4>, receivedAt: number): boolean {
    const named = { rn: this.#shares.nextName(), ...attributes };
    const bytes = Buffer.byteLength(JSON.stringify(named));
    const { contentMaxBytes, bodyMaxBytes } = this.#parts.cse().dialect;
    if (bytes > Math.min(contentMaxBytes, bodyMaxBytes - BODY_OVERHEAD)) {
      this.#tooLarge(container, bytes);
      return false;
    }
    return this.#delivery.add({ container, path, attributes: named, bytes, receivedAt });
  }

  #tooLarge(container: string, bytes: number): void {
    this.#shares.delivery.counters.tooLarge += 1;
    const level = this.#toldTooLarge ? 'debug' : 'warn';
    this.#toldTooLarge = true;
    const told = { ...registrationFields(this.#followed.registration), container, bytes };
    this.#parts.logger[level]('a value is larger than the CSE takes', told);
  }

  /** Packages and keys go to the device; nobody is to read them. */
  #isWriteOnly(path: Path): boolean {
    return this.#definitionOf(path)?.operations.read === false;
  }

  #definitionOf({ objectId, resourceId }: Path): ResourceDefinition | undefined {
    if (resourceId === undefined) return undefined;
    const { objectLinks, version } = this.#followed.registration;
    const listed = objectLinks.links.find((link) => link.objectId === objectId)?.version;
    return this.#parts.models().find(objectId, listed, version)?.resources.get(resourceId);
  }

  get #aeAddress(): string {
    return `${this.#settings.base}/${this.#followed.tree.names.resourceName}`;
  }

  get #parts() {
    return this.#shares.delivery.parts;
  }

  get #settings() {
    return this.#shares.delivery.settings;
  }
}
