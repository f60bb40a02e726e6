import { DecodeError } from '../../common/index.ts';
import type { KeptObservation, Registration } from '../../lwm2m/index.ts';
import type { RememberedCse } from '../cse/remembered-cse.ts';
import { commandFormat, type StoredCommand } from './command-record.ts';
import { cseFormat } from './cse-record.ts';
import { type JournalEntry, journalFormat } from './journal-record.ts';
import { observationFormat } from './observation-record.ts';
import type { RecordFormat } from './record-format.ts';
import { registrationFormat } from './registration-record.ts';
import { type StoredTree, treeFormat } from './tree-record.ts';
import { type StoredUpdate, updateFormat } from './update-record.ts';
import { type StoredValue, valueFormat } from './value-record.ts';

/** Something small that outlives a run, such as a counter of sessions. */
export type Setting = string | number | boolean;

/** Kinds of records, each with what is kept. */
export interface Records {
  /** Who is registered, by endpoint name. */
  registration: Registration;
  /** When it was last updated, where that is later than its record says; by endpoint name. */
  update: StoredUpdate;
  /** What the CSE should hold, by endpoint name. */
  tree: StoredTree;
  /** What is still to be done there, by `journalKey`. */
  journal: JournalEntry;
  /** By token in hexadecimal. */
  observation: KeptObservation;
  /** By endpoint name and name of the responses. */
  command: StoredCommand;
  /** By endpoint name and name of the contentInstance. */
  value: StoredValue;
  /** By name. */
  setting: Setting;
  /** What the CSE was when it was last found; one. */
  cse: RememberedCse;
}

/** A kind of records. */
export type Kind = keyof Records;

/** How records are written, kind by kind. */
export type RecordFormats = { readonly [K in Kind]: RecordFormat<Records[K]> };

const settingFormat: RecordFormat<Setting> = {
  version: 1,
  encode: (value) => value,
  decode: (json) => {
    if (typeof json === 'string' || typeof json === 'number' || typeof json === 'boolean') return json;
    throw new DecodeError('store/record', 'a setting is a text, a number, true or false');
  },
};

/** The formats of the present version. */
export const RECORD_FORMATS: RecordFormats = {
  registration: registrationFormat,
  update: updateFormat,
  tree: treeFormat,
  journal: journalFormat,
  observation: observationFormat,
  command: commandFormat,
  value: valueFormat,
  setting: settingFormat,
  cse: cseFormat,
};

/** All kinds. */
export const KINDS = Object.keys(RECORD_FORMATS) as readonly Kind[];
