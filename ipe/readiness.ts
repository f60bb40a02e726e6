import type { IpeError } from '../common/index.ts';
import type { Readiness } from './health.ts';

/** What is known of the IPE at one moment. Parts that do not run yet are absent. */
export interface Circumstances {
  readonly phase: 'starting' | 'serving' | 'stopping';
  /** What becomes of devices while the CSE is away. */
  readonly whenAway: 'journal' | 'refuse';
  readonly availability?: { readonly away: string | undefined; readonly awayFor: number } | undefined;
  /** Something is still to be done on the CSE that a start does. */
  readonly recalled?: boolean | undefined;
  /** `unfit`: why a start should follow. */
  readonly acquaintance?: { readonly unfit: string | undefined } | undefined;
  readonly backlog?: { readonly waiting: number; readonly refused: number } | undefined;
  readonly store?: { readonly fault: IpeError | undefined } | undefined;
  readonly values?: { readonly counters: { readonly dropping: number } } | undefined;
  /** What this CSE cannot do, in plain sentences. */
  readonly missing?: readonly string[] | undefined;
  /** Milliseconds since 1970. */
  readonly now: number;
}

/**
 * Whether devices are served, and what is not as it should be. What a CSE can never do is told, but is no degradation: it
 * would hide those that pass.
 */
export function readiness(circumstances: Circumstances): Readiness {
  const { phase, whenAway, store, missing = [] } = circumstances;
  const away = absence(circumstances);
  const reasons = [
    ...(phase === 'serving' ? [] : [phase]),
    ...(whenAway === 'refuse' ? away : []),
    ...(store?.fault === undefined ? [] : [store.fault.message]),
  ];
  const degraded = [...(whenAway === 'refuse' ? [] : away), ...acquainted(circumstances), ...arrears(circumstances)];
  return { ready: reasons.length === 0, reasons, degraded, missing };
}

function absence({ availability, now }: Circumstances): string[] {
  if (availability?.away === undefined) return [];
  const since = new Date(now - availability.awayFor).toISOString();
  return [`CSE away since ${since}: ${availability.away}`];
}

/** How this run knows the CSE. */
function acquainted({ recalled, acquaintance }: Circumstances): string[] {
  return [
    ...(recalled ? ['what a start does on the CSE is still to be done: this run goes by what the last one knew'] : []),
    ...(acquaintance?.unfit === undefined ? [] : [acquaintance.unfit]),
  ];
}

/** What is behind, though devices are served. */
function arrears({ backlog, values }: Circumstances): string[] {
  const { waiting = 0, refused = 0 } = backlog ?? {};
  const dropping = values?.counters.dropping ?? 0;
  return [
    ...(waiting > 0 ? [`${waiting} registrations wait for the CSE`] : []),
    ...(refused > 0 ? [`the CSE refuses the trees of ${refused} registered devices`] : []),
    ...(dropping > 0 ? [`values of ${dropping} devices had to be dropped, for too many wait for the CSE`] : []),
  ];
}
