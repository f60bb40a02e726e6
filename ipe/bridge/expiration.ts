import type { Clock } from '../../common/index.ts';
import { type Dialect, formatTimestamp, parseTimestamp } from '../../cse-client/index.ts';

/** Milliseconds ahead to which what stands below an endpoint's AE lives; it goes with its AE long before. */
const FAR = 4 * 365 * 24 * 3600 * 1000;

/** When the IPE renews the expirationTime of what it keeps on the CSE. */
export interface ExpirationSettings {
  /** `eager`: with every Update; `lazy`: only when less than `share` of the granted time is left. */
  readonly refresh: 'eager' | 'lazy';
  /** Share of the granted time, above 0 and below 1; lazy only. */
  readonly share: number;
  /** Milliseconds beyond the lifetime: a living IPE acts first, the CSE cleans up when it is gone. */
  readonly margin: number;
}

/** expirationTime in milliseconds of the epoch for a lifetime in seconds that starts `now`. */
export function grantExpiration(lifetime: number, now: number, settings: ExpirationSettings): number {
  const needed = lifetime * 1000 + settings.margin;
  return now + (settings.refresh === 'eager' ? needed : needed / settings.share);
}

/** True when an Update has to write the expirationTime; what is left always covers the lifetime that starts now. */
export function needsRenewal(expiresAt: number, lifetime: number, now: number, settings: ExpirationSettings): boolean {
  return settings.refresh === 'eager' || expiresAt - now < lifetime * 1000 + settings.margin;
}

/** expirationTime of what stands below an endpoint's AE and has no time of its own: so far ahead that nobody renews it. */
export function farExpiration(clock: Clock, dialect: Dialect): string {
  return formatTimestamp(clock.wall() + FAR, dialect);
}

/**
 * True when an expirationTime that was to be far is nearer than `near` milliseconds: the CSE has cut it to that of a
 * parent. False for none.
 */
export function isCut(expires: string | undefined, near: number, clock: Clock): boolean {
  return expires !== undefined && parseTimestamp(expires) < clock.wall() + near;
}
