import {
  type ChildReference,
  type CreateAttributes,
  type CseClient,
  ResourceType,
  type Subscription,
} from '../../cse-client/index.ts';
import type { CseState } from '../cse/presence.ts';
import { isNameTaken, isRefused } from '../cse/refusals.ts';
import { lastName } from './cse-relative.ts';
import type { NotificationReceiver, Notifications } from './notifications.ts';

/** nu as `/cse-id/AE-ID` makes the answer count on ACME; the others want the AE-ID alone. */
const PLAIN_TARGETS: ReadonlySet<string> = new Set(['mobius4', 'tinyiot']);

/** What a subscription of ours is made with. */
export interface OwnSubscriptionParts {
  readonly client: CseClient;
  readonly cse: () => CseState;
  readonly notifications: Pick<Notifications, 'add'>;
  /** AE-ID of the IPE. */
  readonly originator: string;
}

/** A `<subscription>` of the IPE on one resource, under a resourceName of its own there, with the receiver of what it tells. */
export class OwnSubscription {
  readonly #parts: OwnSubscriptionParts;
  readonly #resourceName: string;
  readonly #parent: () => string;
  readonly #receiver: NotificationReceiver;
  #ri: string | undefined;
  #removeReceiver: (() => void) | undefined;

  /** `parent`: structured address of the resource that is subscribed to. */
  constructor(parts: OwnSubscriptionParts, resourceName: string, parent: () => string, receiver: NotificationReceiver) {
    this.#parts = parts;
    this.#resourceName = resourceName;
    this.#parent = parent;
    this.#receiver = receiver;
  }

  /** Resource ID; undefined while there is none. */
  get ri(): string | undefined {
    return this.#ri;
  }

  /** Structured address, from the CSEBase's name on. */
  get address(): string {
    return `${this.#parent()}/${this.#resourceName}`;
  }

  /** True for the listed child that is this subscription. */
  isListedAs({ name, value }: ChildReference): boolean {
    if (this.#ri === undefined) return false;
    return lastName(value) === lastName(this.#ri) || (value.includes('/') && name === this.#resourceName);
  }

  /** Makes it, in place of one of the same name; `attributes` as the CREATE has them, but for `rn` and `nu`. Rejects with CseError. */
  async make(attributes: Omit<CreateAttributes<typeof ResourceType.subscription>, 'rn' | 'nu'>): Promise<Subscription> {
    const { client } = this.#parts;
    const { address } = this;
    this.forget();
    const wanted = { ...attributes, rn: this.#resourceName, nu: [this.#target()] };
    const create = () => client.create(ResourceType.subscription, this.#parent(), wanted);
    const made = await create().catch(async (error: unknown) => {
      if (!isNameTaken(error)) throw error;
      await client.delete(address);
      return create();
    });
    this.#hold(made.ri);
    return made;
  }

  /** Takes over the one that stands there from an earlier run, if it is of ours and waits for `net`; else there is none. Rejects with CseError. */
  async adopt(net: readonly number[]): Promise<Subscription | undefined> {
    let found: Subscription;
    try {
      found = await this.#parts.client.retrieve(ResourceType.subscription, this.address);
    } catch (error) {
      if (isRefused(error, 4004, 4103)) return undefined;
      throw error;
    }
    const { nu = [], enc } = found;
    const ours = nu.length === 1 && lastName(nu[0] as string) === this.#parts.originator;
    if (!ours || net.some((type) => enc?.net?.includes(type) !== true)) return undefined;
    this.#hold(found.ri);
    return found;
  }

  /** Takes no notification of it any more; the subscription itself stays on the CSE. */
  forget(): void {
    this.#ri = undefined;
    this.#removeReceiver?.();
    this.#removeReceiver = undefined;
  }

  #hold(ri: string): void {
    this.forget();
    this.#ri = ri;
    this.#removeReceiver = this.#parts.notifications.add({ ri, address: this.address }, this.#receiver);
  }

  #target(): string {
    const { dialect, cseBase } = this.#parts.cse();
    const { originator } = this.#parts;
    if (PLAIN_TARGETS.has(dialect.name) || cseBase?.csi === undefined) return originator;
    return `${cseBase.csi.startsWith('/') ? '' : '/'}${cseBase.csi}/${originator}`;
  }
}
