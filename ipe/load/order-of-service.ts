import type { Priority } from '../../cse-client/index.ts';

/** What the CSE is asked for. */
export type Service =
  | 'presence'
  | 'deregister'
  | 'command'
  | 'register'
  | 'update'
  | 'last-value'
  | 'value'
  | 'background';

/**
 * Which goes first when the CSE cannot take all at once. Without the IPE's own resources nothing else works; who leaves and
 * who commands is waited for by people; a device that registers has nothing yet, one that updates has all already.
 */
export const ORDER_OF_SERVICE: Readonly<Record<Service, Priority>> = {
  presence: 'urgent',
  deregister: 'urgent',
  command: 'urgent',
  register: 'high',
  update: 'normal',
  // Its device has left, and its tree waits for it; they may be many.
  'last-value': 'normal',
  value: 'low',
  background: 'background',
};
