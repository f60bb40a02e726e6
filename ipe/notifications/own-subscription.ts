import {
  type ChildReference,
  type CreateAttributes,
  type CseClient,
  ResourceType,
  type Subscription,
} from '../../cse-client/index.ts';
import { isRefused } from '../cse/access.ts';
import type { CseState } from '../cse/presence.ts';
import type { NotificationReceiver, Notifications } from './notifications.ts';

const NAME_TAKEN = [4105, 5106] as const;
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
    const { client, notifications } = this.#parts;
    const address = this.address;
    this.forget();
    const wanted = { ...attributes, rn: this.#resourceName, nu: [this.#target()] };
    const create = () => client.create(ResourceType.subscription, this.#parent(), wanted);
    const made = await create().catch(async (error: unknown) => {
      if (!isRefused(error, ...NAME_TAKEN)) throw error;
      await client.delete(address);
      return create();
    });
    this.forget();
    this.#ri = made.ri;
    this.#removeReceiver = notifications.add({ ri: made.ri, address }, this.#receiver);
    return made;
  }

  /** Takes no notification of it any more; the subscription itself stays on the CSE. */
  forget(): void {
    this.#ri = undefined;
    this.#removeReceiver?.();
    this.#removeReceiver = undefined;
  }

  #target(): string {
    const { dialect, cseBase } = this.#parts.cse();
    const { originator } = this.#parts;
    if (PLAIN_TARGETS.has(dialect.name) || cseBase?.csi === undefined) return originator;
    return `${cseBase.csi.startsWith('/') ? '' : '/'}${cseBase.csi}/${originator}`;
  }
}

function lastName(address: string): string {
  return address.split('/').at(-1) as string;
}
