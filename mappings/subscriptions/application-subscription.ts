import { ResourceType, type Subscription } from '../../cse-client/index.ts';

/** notificationEventTypes that a new value brings about (TS-0004 6.3.4.2.19): an UPDATE of the container, a new child. */
const UPDATE_OF_RESOURCE = 1;
const CREATE_OF_CHILD = 3;

/**
 * Whether a new value in the container would notify of itself by this subscription. Without event types it waits for an
 * UPDATE of the container (TS-0001 table 9.6.8-3), which a new value is on some CSEs.
 */
export function wantsValues({ enc }: Pick<Subscription, 'enc'>): boolean {
  const { net = [], chty = [] } = enc ?? {};
  if (net.length === 0 || net.includes(UPDATE_OF_RESOURCE)) return true;
  return net.includes(CREATE_OF_CHILD) && (chty.length === 0 || chty.includes(ResourceType.contentInstance));
}
