import type { Evidence, Invariant } from '../evidence.ts';
import { COMMANDED, ONCE, ONE_END, TRUE_ENDS } from './commands.ts';
import { ONE_SUBSCRIPTION, TREE_AS_REGISTERED } from './registrations.ts';
import { ALIVE, FOREIGN_KEPT, MEMORY_BACK, SEEN } from './surroundings.ts';
import { FLOWING, IN_ORDER, NONE_LOST, NONE_TWICE } from './values.ts';

/** All that must hold once it is calm; those that time cannot mend come first. */
export const INVARIANTS: readonly Invariant[] = [
  SEEN,
  ALIVE,
  ONCE,
  NONE_TWICE,
  IN_ORDER,
  FOREIGN_KEPT,
  TREE_AS_REGISTERED,
  ONE_SUBSCRIPTION,
  NONE_LOST,
  FLOWING,
  COMMANDED,
  ONE_END,
  TRUE_ENDS,
  MEMORY_BACK,
];

/** An invariant that does not hold, and what shows it. */
export interface Breach {
  readonly invariant: string;
  readonly saw: readonly string[];
}

/** What does not hold, in the order of `INVARIANTS`. */
export function breaches(evidence: Evidence): Breach[] {
  return INVARIANTS.map(({ name, broken }) => ({ invariant: name, saw: broken(evidence) })).filter(
    ({ saw }) => saw.length > 0,
  );
}
