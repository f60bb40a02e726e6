import { readWish, WISH_LABEL, wishLabels } from './notification-wish.ts';

/** What matters of a `<subscription>` that an application has below a value container. */
export interface ApplicationSubscription {
  /** resourceName. */
  readonly name: string;
  readonly labels: readonly string[];
  /** False when it waits for something else than values. */
  readonly wantsValues: boolean;
}

/** notificationEventTypes that a new value brings about (TS-0004 6.3.4.2.19): an UPDATE of the container, a new child. */
const UPDATE_OF_RESOURCE = 1;
const CREATE_OF_CHILD = 3;
/** resourceType of a contentInstance (TS-0004 6.3.4.2.1). */
const CONTENT_INSTANCE = 4;
/** resourceNames that an address can be made of (TS-0004 6.2.4). */
const NAME = /^(?!\.{1,2}$)[A-Za-z0-9._~-]{1,255}$/;
/** Labels that are looked at. */
const MOST_LABELS = 100;
/** What stands before the name of a subscription that may not be read, on a subscription of ours beside it. */
const REMEMBERED = 'LWM2MSUB:';

/**
 * Reads a `<subscription>` as the CSE or a notification gives it; undefined where no name is to be found. Any value may
 * be given: nothing of a notification has been checked.
 */
export function readApplicationSubscription(resource: unknown): ApplicationSubscription | undefined {
  const name = property(resource, 'rn');
  if (typeof name !== 'string' || !NAME.test(name)) return undefined;
  const enc = property(resource, 'enc');
  const wanted = wantsValues(numbers(property(enc, 'net')), numbers(property(enc, 'chty')));
  return { name, labels: texts(property(resource, 'lbl')), wantsValues: wanted };
}

/**
 * The label by which a subscription is remembered that may not be read: where an application's has no `acpi`, the CSE
 * shows its labels once, in the notification of its creation. The name, then its wish: `LWM2MSUB:mine;pmin=10`.
 */
export function rememberedLabel({ name, labels }: ApplicationSubscription): string {
  const wishes = wishLabels(readWish(labels).wish).map((label) => label.slice(WISH_LABEL.length));
  return `${REMEMBERED}${[name, ...wishes].join(';')}`;
}

/** The subscriptions that labels remember; other labels are passed over. */
export function rememberedSubscriptions(labels: readonly unknown[]): ApplicationSubscription[] {
  return texts(labels).flatMap((label) => {
    if (!label.startsWith(REMEMBERED)) return [];
    const [name = '', ...wishes] = label.slice(REMEMBERED.length).split(';');
    if (!NAME.test(name)) return [];
    return [{ name, labels: wishes.map((wish) => `${WISH_LABEL}${wish}`), wantsValues: true }];
  });
}

/** Without event types it waits for an UPDATE of the container (TS-0001 table 9.6.8-3), which a value is on some CSEs. */
function wantsValues(net: readonly number[], chty: readonly number[]): boolean {
  if (net.length === 0 || net.includes(UPDATE_OF_RESOURCE)) return true;
  return net.includes(CREATE_OF_CHILD) && (chty.length === 0 || chty.includes(CONTENT_INSTANCE));
}

function property(value: unknown, name: string): unknown {
  return typeof value === 'object' && value !== null ? (value as Record<string, unknown>)[name] : undefined;
}

function numbers(value: unknown): number[] {
  return Array.isArray(value) ? value.filter((one): one is number => typeof one === 'number') : [];
}

function texts(value: unknown): string[] {
  if (!Array.isArray(value)) return [];
  return value.slice(0, MOST_LABELS).filter((one): one is string => typeof one === 'string');
}
