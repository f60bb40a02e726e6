import { key } from './notes.ts';
import { whole } from './values.ts';

/** Limits of a whole number, and what it is when it is absent. */
interface WholeNumberLimits {
  readonly min: number;
  readonly max: number;
  readonly usual: number;
}

/** A key that holds a whole number. */
export function wholeNumber({ min, max, usual }: WholeNumberLimits, description: string) {
  const allowed = `a whole number from ${min} to ${max}`;
  return key(whole(min, max).prefault(usual), { kind: 'integer', description, allowed });
}
