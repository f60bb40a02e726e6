import { DecodeError } from '../../common/index.ts';
import { Fields } from './fields.ts';
import type { RecordFormat } from './record-format.ts';

/** What is still to be done on the CSE; `since` in milliseconds of the epoch. */
export type JournalEntry =
  /** The tree of a registration is to be created, or looked after. */
  | { readonly work: 'create'; readonly endpoint: string; readonly since: number }
  /** A resource is to be deleted, with all below it. */
  | { readonly work: 'remove'; readonly path: string; readonly since: number };

const LONGEST_PATH = 2_048;

/** The key of a piece of work: the same work twice is one. */
export function journalKey(entry: JournalEntry): string {
  return entry.work === 'create' ? `create\t${entry.endpoint}` : `remove\t${entry.path}`;
}

/** Work that is to be done. */
export const journalFormat: RecordFormat<JournalEntry> = {
  version: 1,
  encode: (entry) => entry,
  decode: (json) => {
    const fields = new Fields(json);
    const since = fields.time('since');
    switch (fields.raw('work')) {
      case 'create':
        return { work: 'create', endpoint: fields.text('endpoint', 255), since };
      case 'remove':
        return { work: 'remove', path: fields.text('path', LONGEST_PATH), since };
      default:
        throw new DecodeError('store/record', 'the work of a journal entry is unknown');
    }
  },
};
