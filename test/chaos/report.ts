import type { StateWritten, Stored } from './evidence.ts';
import type { Verdict } from './play.ts';
import type { Schedule } from './schedule.ts';
import { printSchedule } from './schedule.ts';
import type { World } from './world.ts';

/** Examples of a broken invariant that are printed. */
const MOST_SHOWN = 8;

/** What a run saw, in one line. */
export function printCounts(world: World, { evidence, settled }: Verdict): string {
  const { told, stored, issued, states, carried, begun, dropped } = evidence;
  const acknowledged = told.filter(({ acknowledgedAt }) => acknowledgedAt !== undefined);
  const known = new Set(stored.map(nameOf));
  const excused = new Set(acknowledged.map(nameOf).filter((name) => !known.has(name))).size;
  const ends = ['done', 'failed', 'expired'].map(
    (end) => `${states.filter(({ state }) => state === end).length} ${end}`,
  );
  return [
    `${acknowledged.length} values acknowledged of ${told.length} told, ${stored.length} stored, ${excused} not asked for`,
    `${issued.length} commands, ${carried.length} carried out, ${ends.join(', ')}, ${toldAgain(states)} told again`,
    `${begun.length} registrations begun, ${dropped.length} with values dropped, ${world.bridge.starts} starts, ${world.witness.generation} times an empty CSE`,
    `${world.applications.notified} notifications, ${world.witness.requests} requests`,
    `calm after ${(settled / 1_000).toFixed(1)} s`,
  ].join('; ');
}

/** Everything that somebody needs to find out what broke, and to play it again. */
export function printFailure(schedule: Schedule, { breaches }: Verdict, replay: string): string[] {
  return [
    ...printSchedule(schedule),
    ...breaches.flatMap(({ invariant, saw }) => [
      `BROKEN: ${invariant}`,
      ...saw.slice(0, MOST_SHOWN).map((what) => `  ${what}`),
      ...(saw.length > MOST_SHOWN ? [`  and ${saw.length - MOST_SHOWN} more`] : []),
    ]),
    `again: ${replay}`,
  ];
}

/** Final states that a container made anew was told once more. */
function toldAgain(states: readonly StateWritten[]): number {
  const finals = states.filter(({ state }) => state !== 'queued' && state !== 'sent');
  return finals.length - new Set(finals.map(({ id }) => id)).size;
}

function nameOf({ endpoint, path, value }: Pick<Stored, 'endpoint' | 'path' | 'value'>): string {
  return `${endpoint} ${path} ${value}`;
}
