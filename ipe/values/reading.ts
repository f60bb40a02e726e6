import type { Operation, Outcome, Registration, Success } from '../../lwm2m/index.ts';
import { type InstancePath, type ValuePolicy, valueContainerPath } from '../../mappings/index.ts';
import type { Lanes } from '../lanes.ts';
import type { ValueCounters, ValueParts } from './parts.ts';

/** What all readings share. */
export interface ReadingShares {
  readonly parts: ValueParts;
  readonly counters: ValueCounters;
  /** Devices that are asked something at this moment. */
  readonly lanes: Lanes;
}

/** Milliseconds until the answer of a device is waited for no longer. */
const DEADLINE = 30_000;
/** Content formats in which a Read-Composite is answered (LwM2M 1.1 7.4). */
const COMPOSITE_FORMATS = [110, 112, 11544];
/** Instances in one Read-Composite at most. */
const MOST_COMPOSITE = 32;

/**
 * Reads and observes the Object Instances of one registration, one request at a time, as background work: an Observe is
 * also the first Read. What a device does not answer now is asked again when it is heard of.
 */
export class Reading {
  readonly #shares: ReadingShares;
  readonly #policy: (objectId: number) => ValuePolicy;
  readonly #read: (outcome: Success, instances: readonly InstancePath[]) => void;
  readonly #pending = new Map<string, InstancePath>();
  #registration: Registration;
  /** Of the reading that runs. */
  #abort: AbortController | undefined;
  #again = false;
  #ended = false;

  constructor(
    shares: ReadingShares,
    registration: Registration,
    policy: (objectId: number) => ValuePolicy,
    read: (outcome: Success, instances: readonly InstancePath[]) => void,
  ) {
    this.#shares = shares;
    this.#registration = registration;
    this.#policy = policy;
    this.#read = read;
  }

  /** Reads these instances, too; of a new registration nothing older is read any more. */
  want(registration: Registration, instances: readonly InstancePath[]): void {
    if (registration.id !== this.#registration.id) this.#abandon();
    this.#registration = registration;
    for (const path of instances) this.#pending.set(valueContainerPath(path), path);
  }

  /** An instance is there no more. */
  forget(container: string): void {
    this.#pending.delete(container);
  }

  /** Starts what is wanted; what runs already goes on, and then once more. */
  start(): void {
    this.#again = this.#abort !== undefined;
    if (this.#again || this.#ended || this.#pending.size === 0) return;
    const abort = new AbortController();
    this.#abort = abort;
    void this.#run(abort);
  }

  /** The device has left. */
  end(): void {
    this.#ended = true;
    this.#abandon();
  }

  #abandon(): void {
    this.#abort?.abort();
    this.#abort = undefined;
    this.#pending.clear();
  }

  async #run(abort: AbortController): Promise<void> {
    await this.#readAll(abort.signal);
    if (this.#abort !== abort) return;
    this.#abort = undefined;
    if (this.#again) this.start();
  }

  async #readAll(signal: AbortSignal): Promise<void> {
    const together = this.#composite();
    if (together.length > 1 && !(await this.#readTogether(together, signal))) return;
    for (const [container, path] of this.#pending) {
      if (signal.aborted || !(await this.#readOne(container, path, signal))) return;
    }
  }

  /** Instances that are read without being observed, where the device understands a Read-Composite (LwM2M 1.1 6.3.8). */
  #composite(): InstancePath[] {
    const { version, objectLinks } = this.#registration;
    if (version === '1.0' || !COMPOSITE_FORMATS.some((format) => objectLinks.contentFormats.includes(format)))
      return [];
    const alone = [...this.#pending.values()].filter(({ objectId }) => {
      const { observed, transparent } = this.#policy(objectId);
      return !observed && !transparent;
    });
    return alone.slice(0, MOST_COMPOSITE);
  }

  /** False when the device does not answer. What it leaves out is read alone. */
  async #readTogether(instances: readonly InstancePath[], signal: AbortSignal): Promise<boolean> {
    const outcome = await this.#perform({ type: 'read-composite', paths: instances }, signal);
    if (signal.aborted) return false;
    if (outcome.kind === 'success') {
      const answered = instances.filter((instance) => outcome.nodes?.some(({ path }) => isBelow(path, instance)));
      this.#done(outcome, answered);
      return true;
    }
    return !isSilent(outcome);
  }

  /** False when the device does not answer: then the rest is not asked for either. */
  async #readOne(container: string, path: InstancePath, signal: AbortSignal): Promise<boolean> {
    if (this.#policy(path.objectId).observed) {
      const outcome = await this.#perform({ type: 'observe', path }, signal);
      if (signal.aborted || isSilent(outcome)) return false;
      if (outcome.kind === 'success') {
        if (outcome.observing !== false) this.#shares.counters.observed += 1;
        this.#done(outcome, [path]);
        return true;
      }
    }
    const outcome = await this.#perform({ type: 'read', path }, signal);
    if (signal.aborted || isSilent(outcome)) return false;
    if (outcome.kind === 'success') this.#done(outcome, [path]);
    else this.#unread(container, outcome);
    return true;
  }

  #done(outcome: Success, instances: readonly InstancePath[]): void {
    for (const path of instances) this.#pending.delete(valueContainerPath(path));
    this.#shares.counters.read += instances.length;
    this.#read(outcome, instances);
  }

  #unread(container: string, outcome: Outcome): void {
    this.#pending.delete(container);
    const { endpoint } = this.#registration;
    const why = outcome.kind === 'refused' ? outcome.code : outcome.kind === 'invalid' ? outcome.reason : outcome.kind;
    this.#shares.parts.logger.debug('an object instance cannot be read', { endpoint, container, why });
  }

  #perform(operation: Operation, signal: AbortSignal): Promise<Outcome> {
    const { parts, lanes } = this.#shares;
    const { endpoint } = this.#registration;
    return lanes.run(async () => {
      if (signal.aborted) return { kind: 'cancelled' };
      return parts.perform(endpoint, operation, { deadline: DEADLINE, signal, urgency: 'background' });
    });
  }
}

/** True when it may be asked again later. */
function isSilent({ kind }: Outcome): boolean {
  return kind === 'timeout' || kind === 'reset' || kind === 'asleep' || kind === 'gone' || kind === 'cancelled';
}

function isBelow(path: { objectId: number; instanceId?: number }, instance: InstancePath): boolean {
  return path.objectId === instance.objectId && path.instanceId === instance.instanceId;
}
