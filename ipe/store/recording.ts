import { errorMessage, type Logger } from '../../common/index.ts';
import {
  type Answer,
  type Refusal,
  type Registration,
  type RegistrationHandler,
  registrationFields,
} from '../../lwm2m/index.ts';
import type { HeldFollower } from './held-follower.ts';
import type { Store } from './store.ts';
import { isPresumed, isRenewal } from './update-record.ts';

/** What registrations are recorded with. */
export interface RecordingParts {
  readonly store: Store;
  readonly logger: Logger;
  /** From 0 up to 1; spreads retries. */
  readonly random: () => number;
  /** Told when a registration is durable. */
  readonly follower: Pick<HeldFollower, 'release' | 'drop'>;
  /** Every Update is recorded, also one that would be presumed after a restart: to measure what that costs. */
  readonly everyUpdate?: boolean;
}

interface Recording extends RecordingParts {
  /** Endpoints of which the store did not take the last record. */
  readonly behind: Set<string>;
}

/** Seconds: the least and the most that a device is told to wait while nothing can be recorded. */
const MAX_AGE = { least: 15, most: 60 } as const;

/**
 * The handler, whose decisions are durable before the device is told: registrations are recorded with the address and
 * lifetime that they have then. While nothing can be recorded, Register and Update are refused with 5.03.
 */
export function recorded(handler: RegistrationHandler, given: RecordingParts): RegistrationHandler {
  const parts: Recording = { ...given, behind: new Set() };
  const { store, follower } = parts;
  return {
    register: async (registration, previous) => {
      if (store.fault !== undefined) return unrecorded(parts);
      const refusal = await handler.register(registration, previous);
      if (refusal !== undefined) return refusal;
      if (await put(registration, parts, undefined, DURABLE)) {
        follower.release(registration.endpoint);
        return undefined;
      }
      follower.drop(registration.endpoint);
      if (previous === undefined) {
        // The device is told no: what was made for it goes again.
        remove(registration, parts);
        await handler.expire(registration, false);
      } else void put(previous, parts, undefined, DURABLE);
      return unrecorded(parts);
    },
    // Most of what devices ever send: without an async function's promises where one will do.
    update: (registration, previous) => {
      if (store.fault !== undefined) return unrecorded(parts);
      const answer = handler.update(registration, previous);
      if (!(answer instanceof Promise)) return decided(answer, registration, previous, parts);
      return answer.then((refusal) => decided(refusal, registration, previous, parts));
    },
    deregister: async (registration) => {
      const refusal = await handler.deregister(registration);
      await gone(registration, parts);
      return refusal;
    },
    expire: async (registration) => {
      await handler.expire(registration);
      await gone(registration, parts);
    },
  };
}

/** What an Update is answered with, once what came of it is durable. */
function decided(
  refusal: Refusal | undefined,
  registration: Registration,
  previous: Registration,
  parts: Recording,
): Answer {
  if (refusal === undefined) return put(registration, parts, previous, { durable: undefined, not: unrecorded });
  if (!refusal.code.startsWith('5.')) return refusal;
  // A refusal of class 5 takes address and time over all the same.
  const { peer, updatedAt } = registration;
  return put({ ...previous, peer, updatedAt }, parts, previous, { durable: refusal, not: () => refusal });
}

/** What is answered when a record is durable, and when it cannot be made so. */
interface Outcome<R> {
  readonly durable: R;
  readonly not: (parts: RecordingParts) => R;
}

const DURABLE: Outcome<boolean> = { durable: true, not: () => false };

/** Records what has to be recorded of a registration; answers at once where nothing has. */
function put<R>(
  registration: Registration,
  parts: Recording,
  previous: Registration | undefined,
  { durable, not }: Outcome<R>,
): R | Promise<R> {
  const { store, behind, logger } = parts;
  const { endpoint } = registration;
  const kind = outstanding(registration, parts, previous);
  if (kind === undefined) return durable;
  const failed = (error: unknown): R => {
    const fields = { ...registrationFields(registration), reason: errorMessage(error) };
    logger.debug('a registration was not recorded', fields);
    return not(parts);
  };
  try {
    behind.add(endpoint);
    store.put(kind, endpoint, registration);
    behind.delete(endpoint);
    return store.flushed().then(() => durable, failed);
  } catch (error) {
    return failed(error);
  }
}

/** The registration whole, its time alone, or nothing, where what stands in the store says enough. */
function outstanding(
  registration: Registration,
  { behind, everyUpdate }: Recording,
  previous: Registration | undefined,
): 'registration' | 'update' | undefined {
  if (previous === undefined || behind.has(registration.endpoint) || !isRenewal(registration, previous)) {
    return 'registration';
  }
  return everyUpdate !== true && isPresumed(registration, previous) ? undefined : 'update';
}

/** A registration has ended whatever becomes of its record: one that stays ends with its lifetime. */
async function gone(registration: Registration, parts: Recording): Promise<void> {
  remove(registration, parts);
  await parts.store.flushed().catch(() => undefined);
}

function remove(registration: Registration, { store, logger, behind }: Recording): void {
  behind.delete(registration.endpoint);
  try {
    store.remove('registration', registration.endpoint);
    store.remove('update', registration.endpoint);
  } catch (error) {
    const fields = registrationFields(registration);
    logger.warn('the end of a registration was not recorded', { ...fields, reason: errorMessage(error) });
  }
}

function unrecorded({ random }: RecordingParts): Refusal {
  const maxAge = MAX_AGE.least + Math.floor(random() * (MAX_AGE.most - MAX_AGE.least + 1));
  return { code: '5.03', diagnostic: 'cannot be recorded', maxAge };
}
