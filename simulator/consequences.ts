import type { Effect } from './operations/managed.ts';

/** What a device does of its own accord after a request of the server. */
export type Consequence =
  | 'bootstrap'
  | 'update'
  | 'update-links'
  | 'update-lifetime'
  | 'register-anew'
  | 'factory-reset';

const SERVER = 1;
const LIFETIME = 1;
const UPDATE_TRIGGER = 8;
const BOOTSTRAP_TRIGGER = 9;
const DEVICE = 3;
const REBOOT = 4;
const FACTORY_RESET = 5;

/** What follows from what a request did; undefined: nothing (LwM2M 1.1 6.2.2, appendix E.2, E.4). */
export function consequenceOf({ type, path: { objectId, resourceId } }: Effect): Consequence | undefined {
  if (type === 'created' || type === 'deleted') return 'update-links';
  if (type === 'written') return objectId === SERVER && resourceId === LIFETIME ? 'update-lifetime' : undefined;
  if (type !== 'executed') return undefined;
  if (objectId === SERVER && resourceId === UPDATE_TRIGGER) return 'update';
  if (objectId === SERVER && resourceId === BOOTSTRAP_TRIGGER) return 'bootstrap';
  if (objectId !== DEVICE) return undefined;
  if (resourceId === REBOOT) return 'register-anew';
  return resourceId === FACTORY_RESET ? 'factory-reset' : undefined;
}
