import { errorMessage, type Logger } from '../../common/index.ts';
import { type Refusal, type Registration, type RegistrationHandler, registrationFields } from '../../lwm2m/index.ts';
import type { HeldFollower } from './held-follower.ts';
import type { Store } from './store.ts';
import { isRenewal } from './update-record.ts';

/** What registrations are recorded with. */
export interface RecordingParts {
  readonly store: Store;
  readonly logger: Logger;
  /** From 0 up to 1; spreads retries. */
  readonly random: () => number;
  /** Told when a registration is durable. */
  readonly follower: Pick<HeldFollower, 'release' | 'drop'>;
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
      if (await put(registration, parts)) {
        follower.release(registration.endpoint);
        return undefined;
      }
      follower.drop(registration.endpoint);
      if (previous === undefined) {
        // The device is told no: what was made for it goes again.
        remove(registration, parts);
        await handler.expire(registration);
      } else void put(previous, parts);
      return unrecorded(parts);
    },
    update: async (registration, previous) => {
      if (store.fault !== undefined) return unrecorded(parts);
      const refusal = await handler.update(registration, previous);
      if (refusal === undefined) {
        return (await put(registration, parts, previous)) ? undefined : unrecorded(parts);
      }
      // A refusal of class 5 takes address and time over all the same.
      if (refusal.code.startsWith('5.')) {
        await put({ ...previous, peer: registration.peer, updatedAt: registration.updatedAt }, parts, previous);
      }
      return refusal;
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

/** True when it is durable; whole, unless only the time differs from the previous one. */
async function put(
  registration: Registration,
  { store, logger, behind }: Recording,
  previous?: Registration,
): Promise<boolean> {
  const { endpoint } = registration;
  try {
    if (previous !== undefined && isRenewal(registration, previous) && !behind.has(endpoint)) {
      store.put('update', endpoint, registration);
    } else {
      behind.add(endpoint);
      store.put('registration', endpoint, registration);
      behind.delete(endpoint);
    }
    await store.flushed();
    return true;
  } catch (error) {
    const fields = registrationFields(registration);
    logger.debug('a registration was not recorded', { ...fields, reason: errorMessage(error) });
    return false;
  }
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
