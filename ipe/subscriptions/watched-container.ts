import type { ApplicationSubscription, InstancePath, NotificationWish } from '../../mappings/index.ts';
import { readWish, rememberedLabel } from '../../mappings/index.ts';
import type { OwnSubscription } from '../notifications/own-subscription.ts';

/** A subscription of an application, as far as it matters. */
interface Asked {
  readonly subscription: ApplicationSubscription;
  readonly wish: NotificationWish;
  /** The CSE does not let us read it: what is known of it was told once. */
  readonly hidden: boolean;
}

/** A container of ours and the subscriptions that applications have on it. */
export class WatchedContainer {
  /** Below the endpoint's AE: `3303_0/5700`. */
  readonly container: string;
  readonly path: InstancePath;
  /** It stood on the CSE before it was ours to look after. */
  readonly existing: boolean;
  /** Our subscription to those of applications; undefined where there is none and they are found by looking alone. */
  watch: OwnSubscription | undefined;
  /** Labels of `watch` that remember what is hidden, as they were last written. */
  remembered: readonly string[] = [];
  readonly #asked = new Map<string, Asked>();

  constructor(container: string, path: InstancePath, existing: boolean) {
    this.container = container;
    this.path = path;
    this.existing = existing;
  }

  /** Subscriptions of applications. */
  get size(): number {
    return this.#asked.size;
  }

  /** Their resourceNames. */
  get names(): string[] {
    return [...this.#asked.keys()];
  }

  get wishes(): NotificationWish[] {
    return [...this.#asked.values()].map(({ wish }) => wish);
  }

  /** Labels by which the hidden ones are remembered. */
  get memory(): string[] {
    const hidden = [...this.#asked.values()].filter((asked) => asked.hidden);
    return hidden.map(({ subscription }) => rememberedLabel(subscription)).sort();
  }

  has(name: string): boolean {
    return this.#asked.has(name);
  }

  /** What is known of one. */
  find(name: string): ApplicationSubscription | undefined {
    return this.#asked.get(name)?.subscription;
  }

  /** Takes in how one is now; gives what in its labels was no wish, where that has not been given before. */
  set(subscription: ApplicationSubscription, hidden: boolean): readonly string[] {
    const { name, labels } = subscription;
    const before = this.#asked.get(name);
    const { wish, problems } = readWish(labels);
    this.#asked.set(name, { subscription, wish, hidden });
    return before !== undefined && readWish(before.subscription.labels).problems.join() === problems.join()
      ? []
      : problems;
  }

  /** It is gone, or waits for no values; true when it was there. */
  remove(name: string): boolean {
    return this.#asked.delete(name);
  }
}
