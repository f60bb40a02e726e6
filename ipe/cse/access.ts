import { type AccessControlRule, CseError, type Dialect } from '../../cse-client/index.ts';

/** How the IPE appears on the CSE, taken from the configuration. */
export interface PresenceSettings {
  readonly url: string;
  /** resourceName of the CSEBase. */
  readonly base: string;
  readonly originator: string;
  /** Used only where the CSE lets no AE do what the IPE needs; never printed. */
  readonly adminOriginator: string | undefined;
  readonly releaseVersion: string;
  /** resourceName of the IPE's AE. */
  readonly resourceName: string;
  readonly nodePrefix: string;
  /** URL under which the CSE reaches the IPE. */
  readonly pointOfAccess: string;
  /** Originators that discover and read what the IPE makes; `all` stands for everyone. */
  readonly readers: readonly string[];
  /** Originators that may create subscriptions there, where the CSE can express it. */
  readonly subscribers: readonly string[];
  readonly dialect: 'auto' | Dialect['name'];
}

/** accessControlOperations (TS-0004 6.3.4.2.29). */
const AccessControlOperation = { create: 1, retrieve: 2, discovery: 32, all: 63 } as const;
const SUBSCRIPTION_TYPE = 23;

/**
 * Privileges of the IPE's policy (TS-0001 9.6.2): all for the IPE, reading for `readers`, and, where the CSE understands
 * rules `narrowed` to child resource types, subscribing for `subscribers`.
 */
export function accessControlPolicy(settings: PresenceSettings, narrowed: boolean) {
  const own = { acor: [settings.originator], acop: AccessControlOperation.all };
  const read = AccessControlOperation.retrieve + AccessControlOperation.discovery;
  const rules: AccessControlRule[] = [own];
  if (settings.readers.length > 0) rules.push({ acor: [...settings.readers], acop: read });
  if (settings.subscribers.length > 0 && narrowed) {
    rules.push({
      acor: [...settings.subscribers],
      acop: AccessControlOperation.create,
      acod: [{ chty: [SUBSCRIPTION_TYPE] }],
    });
  }
  return { pv: { acr: rules }, pvs: { acr: [own] } };
}

/** True when the CSE answered with one of these status codes. */
export function isRefused(error: unknown, ...codes: number[]): error is CseError {
  return error instanceof CseError && error.rsc !== undefined && codes.includes(error.rsc);
}

/** The administrator's originator where one is configured and is not the IPE itself. */
export function adminOf(settings: PresenceSettings): string | undefined {
  return settings.adminOriginator === settings.originator ? undefined : settings.adminOriginator;
}
