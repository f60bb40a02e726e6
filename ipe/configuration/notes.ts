import * as z from 'zod';

/** How a value is written in an environment variable. */
export type KeyKind = 'text' | 'integer' | 'number' | 'boolean' | 'duration' | 'choice' | 'list';

/** What a person must know of a configuration key; the schema itself holds type, default and limits. */
export interface KeyNotes {
  readonly kind: KeyKind;
  /** What it does and why one would change it; one to three sentences. */
  readonly description: string;
  /** The allowed values in words, as they follow "allowed:" in a message. */
  readonly allowed: string;
  /** What happens when the key is absent and has no default of its own. */
  readonly whenAbsent?: string;
  /** A value for the example file where there is no default. */
  readonly example?: string;
  /** Its value is never printed. */
  readonly secret?: boolean;
}

/** The notes of every key of the schema. */
export const keyNotes = z.registry<KeyNotes>();

/** Attaches its notes to the schema of a key. */
export function key<Schema extends z.ZodType>(schema: Schema, notes: KeyNotes): Schema {
  const described = schema.describe(notes.description) as Schema;
  keyNotes.add(described, notes);
  return described;
}
