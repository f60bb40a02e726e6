import { IpeError } from '../common/index.ts';
import type { Kind } from './store/records.ts';
import type { Unwritten } from './store/store.ts';

/** What nothing else brings back, and how it is called; all other records are found again by asking the CSE and the devices. */
const IRREPLACEABLE: readonly (readonly [kind: Kind, one: string, many: string])[] = [
  ['value', 'value', 'values'],
  ['command', 'state of a command', 'states of commands'],
];

/**
 * IpeError `ipe/lost` for what a stop could give neither to the CSE nor to a store that could not be written for `reason`;
 * undefined when there is no such thing.
 */
export function lostAtTheEnd(unwritten: Unwritten, reason: string | undefined): IpeError | undefined {
  const lost = IRREPLACEABLE.flatMap(([kind, one, many]) => {
    const count = unwritten.get(kind) ?? 0;
    return count === 0 ? [] : [`${count} ${count === 1 ? one : many}`];
  });
  if (lost.length === 0) return undefined;
  const why = reason === undefined ? '' : ` (${reason})`;
  return new IpeError(
    'ipe/lost',
    `lost at the end: ${lost.join(' and ')}, which neither the CSE nor the store took${why}`,
  );
}
