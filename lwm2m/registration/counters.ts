import type { CoapCode } from '../coap/types.ts';

/** What the registration interface did since it started. */
export interface RegistrationCounters {
  /** Registers accepted, also those over an existing registration. */
  registrations: number;
  /** Of these, those over an existing registration. */
  replacements: number;
  updates: number;
  deregistrations: number;
  expirations: number;
  /** Calls of the handler that threw or rejected. */
  handlerFailures: number;
  /** Requests refused, by response code. */
  readonly refusals: Record<CoapCode, number>;
}

/** All zero. */
export function newRegistrationCounters(): RegistrationCounters {
  return {
    registrations: 0,
    replacements: 0,
    updates: 0,
    deregistrations: 0,
    expirations: 0,
    handlerFailures: 0,
    refusals: {},
  };
}
