import { DecodeError } from '../common/index.ts';
import { parseInteger } from './http-parameters.ts';
import { isObject } from './representation.ts';

/** Something happened that a subscription waits for (TS-0004 6.3.5.13, `nev`). */
export interface EventNotification {
  readonly kind: 'event';
  /** subscriptionReference: address of the subscription, as the CSE writes it. */
  readonly subscription: string;
  readonly creator: string | undefined;
  /** notificationEventType (TS-0004 6.3.4.2.19): 3 is the creation of a direct child. */
  readonly eventType: number | undefined;
  /** What `nct` asked for: a resource under the name of its type, an address; unchecked. */
  readonly representation: unknown;
}

/** A CSE asks whether the target wants a subscription that is being created (TS-0001 10.2.10.2). */
export interface VerificationRequest {
  readonly kind: 'verification';
  readonly subscription: string | undefined;
  readonly creator: string | undefined;
}

/** A subscription has been deleted (TS-0001 10.2.10.5). */
export interface DeletionNotice {
  readonly kind: 'deletion';
  readonly subscription: string;
  readonly creator: string | undefined;
}

/** The content of one notification. */
export type Notification = EventNotification | VerificationRequest | DeletionNotice;

/** Notifications that one batch holds at most. */
const MOST_IN_BATCH = 1_000;
const LONGEST_ADDRESS = 2_048;

/**
 * Reads the content of a NOTIFY: one (`m2m:sgn`) or a batch of them (`m2m:agn`, TS-0004 8.2.5), numbers also as `3.0`.
 * DecodeError `cse/notification` for everything else.
 */
export function decodeNotification(content: unknown): Notification[] {
  if (!isObject(content)) throw malformed('a notification is an object');
  const { 'm2m:sgn': single, 'm2m:agn': batch } = content;
  if (single !== undefined) return [notification(single)];
  if (batch === undefined) throw malformed('a notification holds m2m:sgn or m2m:agn');
  return batched(batch).map(notification);
}

/** The list stands in `m2m:sgn` or bare; each of it may again be wrapped in `m2m:sgn`. */
function batched(batch: unknown): unknown[] {
  const list = isObject(batch) ? batch['m2m:sgn'] : batch;
  if (!Array.isArray(list)) throw malformed('m2m:agn holds a list of m2m:sgn');
  if (list.length > MOST_IN_BATCH) throw malformed(`more than ${MOST_IN_BATCH} notifications in one`);
  return list.map((one) => (isObject(one) && one['m2m:sgn'] !== undefined ? one['m2m:sgn'] : one));
}

function notification(sgn: unknown): Notification {
  if (!isObject(sgn)) throw malformed('m2m:sgn is an object');
  const creator = optionalAddress(sgn.cr, 'cr');
  const subscription = optionalAddress(sgn.sur, 'sur');
  if (truth(sgn.vrq)) return { kind: 'verification', subscription, creator };
  if (subscription === undefined) throw malformed('m2m:sgn names no subscription (sur)');
  if (truth(sgn.sud)) return { kind: 'deletion', subscription, creator };
  if (!isObject(sgn.nev)) throw malformed('m2m:sgn holds neither nev nor vrq nor sud');
  const { net, rep } = sgn.nev;
  return { kind: 'event', subscription, creator, eventType: eventType(net), representation: rep };
}

function optionalAddress(value: unknown, name: string): string | undefined {
  if (value === undefined || value === null) return undefined;
  if (typeof value !== 'string' || value === '' || value.length > LONGEST_ADDRESS) {
    throw malformed(`${name} is no address`);
  }
  return value;
}

function truth(value: unknown): boolean {
  if (value === undefined || value === null || value === false || value === 'false') return false;
  if (value === true || value === 'true') return true;
  throw malformed('vrq and sud are true or false');
}

/** Some CSEs write one number as a list of it. */
function eventType(net: unknown): number | undefined {
  const value = Array.isArray(net) && net.length === 1 ? net[0] : net;
  if (value === undefined || value === null) return undefined;
  const type = typeof value === 'string' ? parseInteger(value) : value;
  if (typeof type !== 'number' || !Number.isSafeInteger(type)) throw malformed('net is no event type');
  return type;
}

function malformed(problem: string): DecodeError {
  return new DecodeError('cse/notification', problem);
}
