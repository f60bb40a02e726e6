import type { Registration, RegistrationHandler } from '../../lwm2m/index.ts';

/** A registration such as a device without security has, but for `changes`. */
export function aRegistration(changes: Partial<Registration> = {}): Registration {
  return {
    id: 'id',
    endpoint: 'device',
    peer: { address: '127.0.0.1', port: 5683, key: '127.0.0.1#5683' },
    lifetime: 60,
    version: '1.1',
    binding: 'U',
    queueMode: false,
    objectLinks: objectLinks(),
    registeredAt: 0,
    updatedAt: 0,
    ...changes,
  };
}

/** What a device lists, without alternate path; `contentFormats` as its `ct` says. */
export function objectLinks(
  links: Registration['objectLinks']['links'] = [],
  contentFormats: readonly number[] = [],
): Registration['objectLinks'] {
  return { rootPath: '/', contentFormats, contentFormatNames: [], links };
}

/** Takes every registration. */
export const ACCEPT: RegistrationHandler = {
  register: () => undefined,
  update: () => undefined,
  deregister: () => undefined,
  expire: () => undefined,
};
