import type { Clock, Logger } from '../../common/index.ts';
import type { LifetimeBounds } from './parameters.ts';
import type { FillRandom } from './registration-ids.ts';

/** Bounds of the registration interface; what exceeds one is refused with 5.03 and Max-Age. */
export interface RegistrationLimits {
  /** Registered endpoints. */
  readonly registrations: number;
  /** Endpoints whose Register, Update, De-register or expiry is at the handler. */
  readonly busy: number;
  /** Operations that wait behind another of the same endpoint. */
  readonly waitingPerEndpoint: number;
  /** Shortest Max-Age of such a refusal, seconds; the longest is twice that. */
  readonly retryAfter: number;
}

/** What holds when nothing else is said. */
export const DEFAULT_REGISTRATION_LIMITS: RegistrationLimits = {
  registrations: 1_000_000,
  busy: 20_000,
  waitingPerEndpoint: 8,
  retryAfter: 15,
};

/** What the registration interface is built from. */
export interface RegistrationServiceOptions {
  readonly lifetime: LifetimeBounds;
  readonly limits?: Partial<RegistrationLimits>;
  readonly clock?: Clock;
  readonly logger?: Logger;
  /** From 0 up to 1; spreads retries. */
  readonly random?: () => number;
  /** For registration ids. */
  readonly fillRandom?: FillRandom;
}
