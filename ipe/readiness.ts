import type { IpeError } from '../common/index.ts';
import type { Readiness } from './health.ts';

/** What is known of the IPE at one moment. Parts that do not run yet are absent. */
export interface Circumstances {
  readonly phase: 'starting' | 'serving' | 'stopping';
  /** What becomes of devices while the CSE is away. */
  readonly whenAway: 'journal' | 'refuse';
  readonly availability?: { readonly away: string | undefined; readonly awayFor: number } | undefined;
  /** `recalled`: what the CSE is, is known from the last run alone; `unfit`: why a start should follow. */
  readonly connection?: { readonly recalled: boolean; readonly unfit: string | undefined } | undefined;
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
  const degraded = [...(whenAway === 'refuse' ? [] : away), ...acquaintance(circumstances), ...arrears(circumstances)];
  return { ready: reasons.length === 0, reasons, degraded, missing };
}

function absence({ availability, now }: Circumstances): string[] {
  if (availability?.away === undefined) return [];
  const since = new Date(now - availability.awayFor).toISOString();
  return [`CSE away since ${since}: ${availability.away}`];
}

/** How this run knows the CSE. */
function acquaintance({ connection }: Circumstances): string[] {
  return [
    ...(connection?.recalled ? ['this run has not registered at the CSE yet: it goes by what the last one knew'] : []),
    ...(connection?.unfit === undefined ? [] : [connection.unfit]),
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
