import type { CoapCode } from '../coap/types.ts';
import type { Registration } from './registration.ts';

/** A "no" to the device. */
export interface Refusal {
  readonly code: CoapCode;
  /** One line for whoever reads the device's log. */
  readonly diagnostic?: string;
  /** With 5.03: seconds after which the device may try again. */
  readonly maxAge?: number;
}

/** Undefined: accepted. An answer given synchronously is sent at once. */
export type Answer = Refusal | undefined | Promise<Refusal | undefined>;

/**
 * Whoever owns the other side of the bridge. Called one at a time for an endpoint, in order; what it accepts is
 * committed after its answer. If it throws or rejects, the device is answered 5.00. It must answer some day: until then
 * nothing else of that endpoint is handled.
 */
export interface RegistrationHandler {
  /** `previous`: the endpoint was registered already, and is until this one is accepted (LwM2M 1.0 5.3.1). */
  register(registration: Registration, previous: Registration | undefined): Answer;
  /**
   * A refusal of class 5 starts the lifetime anew and takes the address over; any other changes nothing.
   * `registration.objectLinks === previous.objectLinks` when the client lists what it listed before.
   */
  update(registration: Registration, previous: Registration): Answer;
  /** The registration has ended, whatever the answer: a refusal only changes the code that the device sees. */
  deregister(registration: Registration): Answer;
  /** The registration has ended: its lifetime is over, or it was accepted and could then not be `kept` after all. */
  expire(registration: Registration, kept?: false): void | Promise<void>;
}
