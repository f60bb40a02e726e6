import { errorMessage } from '../../common/index.ts';
import { type CreateAttributes, formatTimestamp } from '../../cse-client/index.ts';
import type { Node, Path, Report, Success } from '../../lwm2m/index.ts';
import {
  contentForm,
  type EncodedContent,
  encapsulatedInstance,
  type InstancePath,
  type ValuePolicy,
  valueContainerPath,
  valueInstance,
  valuePolicy,
} from '../../mappings/index.ts';
import { Delivery, type DeliveryShares } from './delivery.ts';
import { Reading, type ReadingShares } from './reading.ts';
import type { Followed } from './value-containers.ts';

/** What the values of all devices share. */
export interface DeviceShares {
  readonly delivery: DeliveryShares;
  readonly reading: ReadingShares;
  /** A resourceName that no other contentInstance has. */
  readonly nextName: () => string;
}

/** Room that a body needs beside the content, bytes. */
const BODY_OVERHEAD = 512;

/** The values of one device: read when it registers, taken when it reports them, on their way to the CSE. */
export class DeviceValues {
  readonly #shares: DeviceShares;
  readonly #delivery: Delivery;
  readonly #reading: Reading;
  readonly #policies = new Map<number, ValuePolicy>();
  /** Content last taken for each container; only where unchanged values are left out. */
  readonly #last: Map<string, string> | undefined;
  #instances = new Map<string, InstancePath>();
  #followed: Followed;
  #toldTooLarge = false;

  constructor(shares: DeviceShares, followed: Followed) {
    this.#shares = shares;
    this.#followed = followed;
    this.#last = shares.delivery.settings.storeUnchanged ? undefined : new Map();
    this.#delivery = new Delivery(shares.delivery, () => this.#followed);
    this.#reading = new Reading(
      shares.reading,
      followed.registration,
      (objectId) => this.#policy(objectId),
      (outcome, instances) => this.renewed(instances, outcome),
    );
    this.#want([]);
  }

  /** Values that wait for the CSE. */
  get waiting(): number {
    return this.#delivery.size;
  }

  /** The bridge has brought the tree to what a Register (`registered`) or an Update wants. */
  follow(followed: Followed, registered: boolean): void {
    const { tree } = this.#followed;
    this.#followed = followed;
    const rebuilt = tree.incarnation !== followed.tree.incarnation;
    if (rebuilt) {
      this.#last?.clear();
      this.#delivery.forget();
    } else if (tree.objectLinks !== followed.tree.objectLinks) this.#delivery.rewritten();
    const before = [...this.#instances.keys()];
    this.#want(registered || rebuilt ? [] : before);
    for (const container of before) if (!this.#instances.has(container)) this.#forget(container);
    this.#delivery.hurry();
  }

  /** Asks the device for what is wanted. */
  start(): void {
    this.#reading.start();
  }

  /** Values that the device reported of itself. */
  report({ nodes, path, content, receivedAt }: Report): void {
    this.#take(nodes, wholeInstance(path) ? content : undefined, receivedAt);
  }

  /** An observation has been asked for anew, which gives the values. */
  renewed(paths: readonly Path[], { nodes = [], content }: Success): void {
    const whole = paths.length === 1 && wholeInstance(paths[0]);
    this.#take(nodes, whole ? content : undefined, this.#parts.clock.wall());
  }

  /** The CSE answers again. */
  resume(): void {
    this.#delivery.hurry();
  }

  /** The device has left: nothing is asked and nothing stored any more. Resolves when no request is under way. */
  end(): Promise<void> {
    this.#reading.end();
    return this.#delivery.end();
  }

  /** Takes over the instances that the device lists and has those read that are not among `known`. */
  #want(known: readonly string[]): void {
    const { registration } = this.#followed;
    this.#instances = new Map();
    const unread: InstancePath[] = [];
    for (const { objectId, instanceId } of registration.objectLinks.links) {
      const { semantic, transparent } = this.#policy(objectId);
      if (instanceId === undefined || !(semantic || transparent)) continue;
      const path = { objectId, instanceId };
      const container = valueContainerPath(path);
      this.#instances.set(container, path);
      if (!known.includes(container)) unread.push(path);
    }
    this.#reading.want(registration, unread);
  }

  #forget(container: string): void {
    this.#reading.forget(container);
    this.#delivery.forget(container);
    for (const name of this.#last?.keys() ?? []) if (name.startsWith(`${container}/`)) this.#last?.delete(name);
  }

  #policy(objectId: number): ValuePolicy {
    let policy = this.#policies.get(objectId);
    if (policy === undefined) {
      policy = valuePolicy(this.#settings.policy, this.#followed.registration.endpoint, objectId);
      this.#policies.set(objectId, policy);
    }
    return policy;
  }

  /** `content`: the values as they came, where they are those of one whole instance. */
  #take(nodes: readonly Node[], content: EncodedContent | undefined, receivedAt: number): void {
    // History comes in any order; a container has it in order of time.
    const timed = nodes.some(({ time }) => time !== undefined);
    const ordered = timed ? nodes.toSorted((a, b) => (a.time ?? receivedAt) - (b.time ?? receivedAt)) : nodes;
    const encapsulated = new Map<string, Node[]>();
    for (const node of ordered) {
      const { objectId, instanceId } = node.path;
      if (instanceId === undefined) continue;
      const { semantic, transparent } = this.#policy(objectId);
      if (semantic) this.#takeNode(node, { ...node.path, instanceId });
      if (!transparent) continue;
      const container = valueContainerPath({ objectId, instanceId });
      const others = encapsulated.get(container);
      if (others === undefined) encapsulated.set(container, [node]);
      else others.push(node);
    }
    for (const [container, values] of encapsulated) this.#encapsulate(container, values, content);
    this.#delivery.wake();
  }

  #takeNode(node: Node, path: InstancePath): void {
    if (path.resourceId === undefined) return;
    const container = valueContainerPath(path);
    const { dialect } = this.#parts.cse();
    const attributes = valueInstance(node, {
      form: contentForm(dialect),
      aeAddress: `${this.#settings.base}/${this.#followed.tree.names.resourceName}`,
      type: this.#typeOf(path),
      timestamp: (milliseconds) => formatTimestamp(milliseconds, dialect),
    });
    if (this.#last !== undefined) {
      const content = JSON.stringify(attributes.con);
      if (this.#last.get(container) === content) {
        this.#shares.delivery.counters.unchanged += 1;
        return;
      }
      if (this.#enqueue(container, path, attributes)) this.#last.set(container, content);
      return;
    }
    this.#enqueue(container, path, attributes);
  }

  #encapsulate(container: string, nodes: readonly Node[], content: EncodedContent | undefined): void {
    const { objectId, instanceId } = (nodes[0] as Node).path as InstancePath;
    const path = { objectId, instanceId };
    try {
      const attributes = encapsulatedInstance(content ?? this.#parts.encode(nodes, path));
      this.#enqueue(container, path, attributes);
    } catch (error) {
      const { endpoint } = this.#followed.registration;
      this.#parts.logger.warn('an object instance cannot be encoded', {
        endpoint,
        container,
        reason: errorMessage(error),
      });
    }
  }

  /** False when the CSE would not take it, or there is no room. */
  #enqueue(container: string, path: InstancePath, attributes: CreateAttributes<4>): boolean {
    const named = { rn: this.#shares.nextName(), ...attributes };
    const bytes = Buffer.byteLength(JSON.stringify(named));
    const { contentMaxBytes, bodyMaxBytes } = this.#parts.cse().dialect;
    if (bytes > Math.min(contentMaxBytes, bodyMaxBytes - BODY_OVERHEAD)) {
      this.#tooLarge(container, bytes);
      return false;
    }
    return this.#delivery.add({ container, path, attributes: named, bytes });
  }

  #tooLarge(container: string, bytes: number): void {
    this.#shares.delivery.counters.tooLarge += 1;
    const { endpoint } = this.#followed.registration;
    const level = this.#toldTooLarge ? 'debug' : 'warn';
    this.#toldTooLarge = true;
    this.#parts.logger[level]('a value is larger than the CSE takes', { endpoint, container, bytes });
  }

  #typeOf({ objectId, resourceId }: Path) {
    const { objectLinks, version } = this.#followed.registration;
    const listed = objectLinks.links.find((link) => link.objectId === objectId)?.version;
    const definition = this.#parts.models().find(objectId, listed, version);
    return resourceId === undefined ? undefined : definition?.resources.get(resourceId)?.type;
  }

  get #parts() {
    return this.#shares.delivery.parts;
  }

  get #settings() {
    return this.#shares.delivery.settings;
  }
}

/** True where a notification is of one Object Instance, so that its payload is that instance encoded. */
function wholeInstance(path: Path | undefined): boolean {
  return path?.instanceId !== undefined && path.resourceId === undefined;
}
