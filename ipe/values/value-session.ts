import type { ValueParts } from './parts.ts';

/** Base 36 digits of a session that tell two runs of the same moment apart. */
const CHANCE_DIGITS = 3;
/** The moment in the name of a value. */
const STARTED = new RegExp(`^v([0-9a-z]+)[0-9a-z]{${CHANCE_DIGITS}}-`);

/**
 * What the names of this run's values have in common: later than that of any earlier run, and than the name `left` of the
 * newest value that one has left, though the wall clock was set back since; two runs of the same moment have different ones.
 */
export function newSession({ clock, random }: Pick<ValueParts, 'clock' | 'random'>, left: string | undefined): string {
  const [, before] = STARTED.exec(left ?? '') ?? [];
  const earliest = before === undefined ? 0 : Number.parseInt(before, 36) + 1;
  const started = Math.max(Math.floor(clock.wall()), earliest).toString(36);
  const chance = Math.floor(random() * 36 ** CHANCE_DIGITS).toString(36);
  return started + chance.padStart(CHANCE_DIGITS, '0');
}
