import type { Registration } from '../../lwm2m/index.ts';
import { Fields } from './fields.ts';
import type { RecordFormat } from './record-format.ts';

/** That a registration was updated, and nothing but its time changed. */
export interface StoredUpdate {
  /** Of the registration: an Update of an earlier one does not count. */
  readonly id: string;
  /** Wall clock, milliseconds. */
  readonly updatedAt: number;
}

/** The last Update of a registration since it was recorded whole. Key: the endpoint name. */
export const updateFormat: RecordFormat<StoredUpdate> = {
  version: 1,
  encode: ({ id, updatedAt }): StoredUpdate => ({ id, updatedAt }),
  decode: (json) => {
    const fields = new Fields(json);
    return { id: fields.text('id', 64), updatedAt: fields.time('updatedAt') };
  },
};

/**
 * True when nothing has changed but the time, so that a record of that is enough (LwM2M 1.0 5.3.2). What is equal is the same
 * object: a registration shares with the previous one what it has in common.
 */
export function isRenewal(registration: Registration, previous: Registration): boolean {
  return (
    registration.id === previous.id &&
    registration.peer === previous.peer &&
    registration.objectLinks === previous.objectLinks &&
    registration.lifetime === previous.lifetime &&
    registration.binding === previous.binding &&
    registration.queueMode === previous.queueMode &&
    registration.version === previous.version &&
    registration.smsNumber === previous.smsNumber &&
    registration.registeredAt === previous.registeredAt
  );
}

/**
 * Of Updates that change nothing but the time, the first within so much of a lifetime is recorded, as DHCP servers do with
 * leases; that there were others is presumed after a restart. The expirationTime on the CSE has as much to spare.
 */
const WINDOW = { share: 1 / 20, most: 60_000 } as const;

/** Milliseconds by which the time of a registration may be later than its record. */
export function renewalWindow({ lifetime }: Pick<Registration, 'lifetime'>): number {
  return Math.min(WINDOW.most, lifetime * 1_000 * WINDOW.share);
}

/** True where the record of an earlier Update, or of the Register, stands for this renewal. */
export function isPresumed(registration: Registration, previous: Registration): boolean {
  const window = renewalWindow(registration);
  return Math.floor(registration.updatedAt / window) === Math.floor(previous.updatedAt / window);
}

/** The registration as it was updated; one whose clock has been set back meanwhile keeps the later time. */
export function updated(registration: Registration, update: StoredUpdate | undefined): Registration {
  if (update?.id !== registration.id || update.updatedAt <= registration.updatedAt) return registration;
  return { ...registration, updatedAt: update.updatedAt };
}
