import type { CreateAttributes } from '../../cse-client/index.ts';
import type { InstancePath } from '../../mappings/index.ts';

/** A contentInstance that waits to be created. */
export interface QueuedValue {
  /** Its container, below the endpoint's AE. */
  readonly container: string;
  /** What that container stands for. */
  readonly path: InstancePath;
  readonly attributes: CreateAttributes<4>;
  /** Size as JSON. */
  readonly bytes: number;
  /** When it came from the device, milliseconds since 1970. */
  readonly receivedAt: number;
}

/** Told of what comes into a queue and of what leaves it. */
export interface QueueKeeper {
  kept(value: QueuedValue): void;
  /** Sent, or dropped. */
  gone(value: QueuedValue): void;
}

/** Bounds of one queue. */
export interface QueueLimits {
  readonly values: number;
  readonly bytes: number;
}

/** Bytes that all queues together may hold. */
export class QueueBudget {
  readonly total: number;
  used = 0;

  constructor(total: number) {
    this.total = total;
  }
}

/**
 * Values of one device on their way to the CSE, in the order in which they came. When it is full the oldest of the same
 * container makes room, else the oldest of the container that has the most; the one that is being sent is never taken.
 */
export class ValueQueue {
  readonly #limits: QueueLimits;
  readonly #budget: QueueBudget;
  readonly #keeper: QueueKeeper | undefined;
  readonly #values = new Set<QueuedValue>();
  readonly #byContainer = new Map<string, Set<QueuedValue>>();
  #bytes = 0;
  #sending: QueuedValue | undefined;

  constructor(limits: QueueLimits, budget: QueueBudget, keeper?: QueueKeeper) {
    this.#limits = limits;
    this.#budget = budget;
    this.#keeper = keeper;
  }

  get size(): number {
    return this.#values.size;
  }

  get bytes(): number {
    return this.#bytes;
  }

  /** True while values of this container wait. */
  holds(container: string): boolean {
    return this.#byContainer.has(container);
  }

  /** Paths of the containers of the values that wait. */
  paths(): InstancePath[] {
    return [...this.#byContainer.values()].flatMap((waiting) => firstOf(waiting)?.path ?? []);
  }

  /**
   * Puts a value at the end; `dropped` counts the values that went for it, itself included when it is not `taken`. One that
   * is `known` to the keeper is not told again.
   */
  add(value: QueuedValue, known = false): { readonly taken: boolean; readonly dropped: number } {
    let dropped = 0;
    while (!this.#fits(value)) {
      const victim = value.bytes > this.#limits.bytes ? undefined : this.#victim(value.container);
      if (victim === undefined) return { taken: false, dropped: dropped + 1 };
      this.remove(victim);
      dropped += 1;
    }
    this.#values.add(value);
    const waiting = this.#byContainer.get(value.container);
    if (waiting === undefined) this.#byContainer.set(value.container, new Set([value]));
    else waiting.add(value);
    this.#bytes += value.bytes;
    this.#budget.used += value.bytes;
    if (!known) this.#keeper?.kept(value);
    return { taken: true, dropped };
  }

  /** The oldest value, which is from now on being sent. */
  first(): QueuedValue | undefined {
    this.#sending = firstOf(this.#values);
    return this.#sending;
  }

  /** Nothing is being sent: any value may make room. */
  release(): void {
    this.#sending = undefined;
  }

  /** Drops what was received before a moment, in milliseconds of the epoch, but for what is being sent; gives how many. */
  dropOlder(moment: number): number {
    let dropped = 0;
    for (const value of this.#values) {
      if (value.receivedAt >= moment) break;
      if (value === this.#sending) continue;
      this.remove(value);
      dropped += 1;
    }
    return dropped;
  }

  /** Takes a value out, wherever it stands; nothing when it is not there. */
  remove(value: QueuedValue): void {
    if (!this.#values.delete(value)) return;
    this.#keeper?.gone(value);
    const waiting = this.#byContainer.get(value.container);
    waiting?.delete(value);
    if (waiting?.size === 0) this.#byContainer.delete(value.container);
    this.#bytes -= value.bytes;
    this.#budget.used -= value.bytes;
  }

  /** Takes out all values of a container and of those below it; gives how many. */
  removeBelow(container: string): number {
    const before = this.size;
    for (const value of [...this.#values]) {
      if (value.container === container || value.container.startsWith(`${container}/`)) this.remove(value);
    }
    return before - this.size;
  }

  /** Without a word to the keeper, where what waits is to be taken up by a later run. */
  clear(forLater = false): void {
    if (!forLater) for (const value of this.#values) this.#keeper?.gone(value);
    this.#budget.used -= this.#bytes;
    this.#bytes = 0;
    this.#values.clear();
    this.#byContainer.clear();
    this.#sending = undefined;
  }

  #fits({ bytes }: QueuedValue): boolean {
    return (
      this.#values.size < this.#limits.values &&
      this.#bytes + bytes <= this.#limits.bytes &&
      this.#budget.used + bytes <= this.#budget.total
    );
  }

  #victim(container: string): QueuedValue | undefined {
    const own = this.#oldest(this.#byContainer.get(container));
    if (own !== undefined) return own;
    let most: Set<QueuedValue> | undefined;
    for (const waiting of this.#byContainer.values()) {
      if (waiting.size > (most?.size ?? 0) && this.#oldest(waiting) !== undefined) most = waiting;
    }
    return this.#oldest(most);
  }

  #oldest(waiting: Set<QueuedValue> | undefined): QueuedValue | undefined {
    for (const value of waiting ?? []) if (value !== this.#sending) return value;
    return undefined;
  }
}

function firstOf<T>(values: Iterable<T>): T | undefined {
  for (const value of values) return value;
  return undefined;
}
