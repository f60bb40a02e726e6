import type { Peer } from '../coap/types.ts';
import type { RegistrationMessage } from './message.ts';
import { sameObjectLinks } from './object-links.ts';
import type { LifetimeBounds, RegistrationParameters } from './parameters.ts';
import type { ObjectLinks, Registration } from './registration.ts';

const NO_OBJECT_LINKS: ObjectLinks = Object.freeze({
  rootPath: '/',
  contentFormats: Object.freeze([]),
  contentFormatNames: Object.freeze([]),
  links: Object.freeze([]),
});

/** The registration that a Register asks for; parts equal to the previous one's are shared with it. */
export function newRegistration(
  id: string,
  peer: Peer,
  { parameters, objectLinks }: RegistrationMessage,
  lifetime: LifetimeBounds,
  now: number,
  previous: Registration | undefined,
): Registration {
  const { smsNumber } = parameters;
  const registration: Registration = {
    id,
    endpoint: previous?.endpoint ?? parameters.endpoint!,
    peer: samePeer(previous, peer),
    lifetime: parameters.lifetime ?? lifetime.default,
    version: parameters.version ?? '1.0',
    binding: parameters.binding ?? 'U',
    queueMode: parameters.queueMode ?? false,
    objectLinks: sharedLinks(previous, objectLinks ?? NO_OBJECT_LINKS),
    registeredAt: now,
    updatedAt: now,
  };
  return smsNumber === undefined ? registration : { ...registration, smsNumber };
}

/** The registration after an Update: what it does not name stays (LwM2M 1.0 5.3.2). */
export function updatedRegistration(
  previous: Registration,
  peer: Peer,
  { parameters, objectLinks }: RegistrationMessage,
  now: number,
): Registration {
  const smsNumber = parameters.smsNumber ?? previous.smsNumber;
  const registration: Registration = {
    id: previous.id,
    endpoint: previous.endpoint,
    peer: samePeer(previous, peer),
    lifetime: parameters.lifetime ?? previous.lifetime,
    version: previous.version,
    binding: parameters.binding ?? previous.binding,
    queueMode: updatedQueueMode(previous, parameters),
    objectLinks:
      objectLinks === undefined ? previous.objectLinks : sharedLinks(previous, withFormats(previous, objectLinks)),
    registeredAt: previous.registeredAt,
    updatedAt: now,
  };
  return smsNumber === undefined ? registration : { ...registration, smsNumber };
}

/** The registration as it was, with only the address and time of a refused Update. */
export function renewedRegistration(previous: Registration, { peer, updatedAt }: Registration): Registration {
  return { ...previous, peer, updatedAt };
}

/** In 1.0 the binding says it all: one without Q ends queue mode. From 1.1 on Q is a parameter of its own. */
function updatedQueueMode(previous: Registration, { queueMode, binding }: RegistrationParameters): boolean {
  if (queueMode !== undefined) return queueMode;
  return binding !== undefined && previous.version === '1.0' ? false : previous.queueMode;
}

function samePeer(previous: Registration | undefined, peer: Peer): Peer {
  return previous?.peer.key === peer.key ? previous.peer : peer;
}

/** Leshan names its content formats when it registers and leaves them out of later lists: they are not taken back. */
function withFormats({ objectLinks: before }: Registration, links: ObjectLinks): ObjectLinks {
  if (links.contentFormats.length > 0 || links.contentFormatNames.length > 0) return links;
  const { contentFormats, contentFormatNames } = before;
  if (contentFormats.length === 0 && contentFormatNames.length === 0) return links;
  return Object.freeze({ ...links, contentFormats, contentFormatNames });
}

function sharedLinks(previous: Registration | undefined, links: ObjectLinks): ObjectLinks {
  return previous !== undefined && sameObjectLinks(previous.objectLinks, links) ? previous.objectLinks : links;
}
