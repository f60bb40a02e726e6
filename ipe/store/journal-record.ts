import { DecodeError } from '../../common/index.ts';
import { Fields } from './fields.ts';
import type { RecordFormat } from './record-format.ts';

/** What is still to be done on the CSE: a resource is to be deleted, with all below it. */
export interface JournalEntry {
  readonly work: 'remove';
  readonly path: string;
  /** Milliseconds of the epoch. */
  readonly since: number;
}

const LONGEST_PATH = 2_048;

/** The key of a piece of work: the same work twice is one. */
export function journalKey({ work, path }: Pick<JournalEntry, 'work' | 'path'>): string {
  return `${work}\t${path}`;
}

/** Work that is to be done. */
export const journalFormat: RecordFormat<JournalEntry> = {
  version: 1,
  encode: (entry) => entry,
  decode: (json) => {
    const fields = new Fields(json);
    const since = fields.time('since');
    if (fields.raw('work') !== 'remove')
      throw new DecodeError('store/record', 'the work of a journal entry is unknown');
    return { work: 'remove', path: fields.text('path', LONGEST_PATH), since };
  },
};
