import { parseTimestamp } from '../cse-client/index.ts';

/** What an attribute may hold (TS-0004 6.3.3 and 6.3.5). Lists end in `s`; `+` is a list that may not be empty. */
export type ValueType =
  | 'string'
  | 'boolean'
  | 'positive'
  | 'nonNegative'
  | 'timestamp'
  | 'json'
  | 'strings'
  | 'strings+'
  | 'tokens+'
  | 'objects'
  | 'object'
  | 'privileges'
  | 'selfPrivileges'
  | 'eventCriteria'
  | 'contentType'
  | 'duration';

type Check = (value: unknown) => string | undefined;

/** Members of m2m:eventNotificationCriteria (TS-0004 6.3.5.9). */
const EVENT_CRITERIA = new Set('crb cra ms us sts stb exb exa sza szb net om atr chty md evc'.split(' '));
/** Members of m2m:accessControlRule (TS-0004 6.3.5.27). */
const RULE = new Set('acor acop acco acod acaf aca'.split(' '));

const isString = (value: unknown): value is string => typeof value === 'string';
const isRecord = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);
const isInteger = (value: unknown): value is number => Number.isSafeInteger(value);

function list(value: unknown, of: (item: unknown) => boolean, what: string, least: number): string | undefined {
  if (!Array.isArray(value)) return `expected a list of ${what}`;
  if (value.length < least) return 'the list must not be empty';
  return value.every(of) ? undefined : `expected a list of ${what}`;
}

/** m2m:labels: no tab, line feed or carriage return, no two blanks in a row, not empty (XML Schema token). */
function isToken(value: unknown): boolean {
  return isString(value) && value !== '' && !/[\t\r\n]| {2}/.test(value);
}

/** Times are few and come again and again: what was read lately is remembered. */
const readTimes = new Map<string, number | undefined>();
const READ_TIMES_LIMIT = 2_000;

/** Milliseconds of a timestamp in the basic format, or undefined for anything else. */
export function timestampOf(value: unknown): number | undefined {
  if (!isString(value) || value.length > 40) return undefined;
  if (readTimes.has(value)) return readTimes.get(value);
  if (readTimes.size >= READ_TIMES_LIMIT) readTimes.clear();
  const time = readTimestamp(value);
  readTimes.set(value, time);
  return time;
}

function readTimestamp(text: string): number | undefined {
  try {
    return parseTimestamp(text);
  } catch {
    return undefined;
  }
}

function privileges(value: unknown): string | undefined {
  if (!isRecord(value)) return 'expected a set of access control rules';
  for (const name of Object.keys(value)) if (name !== 'acr') return `unknown member ${name}`;
  const rules = value.acr;
  if (rules === undefined) return undefined;
  return list(rules, isRule, 'access control rules with acor and acop', 0);
}

function isRule(rule: unknown): boolean {
  if (!isRecord(rule) || Object.keys(rule).some((name) => !RULE.has(name))) return false;
  const { acor, acop, acod } = rule;
  if (!Array.isArray(acor) || !acor.every(isString) || !isInteger(acop) || acop < 0 || acop > 63) return false;
  return acod === undefined || (Array.isArray(acod) && acod.every(isRecord));
}

function selfPrivileges(value: unknown): string | undefined {
  const fault = privileges(value);
  if (fault !== undefined) return fault;
  const rules = (value as { acr?: unknown[] }).acr;
  return rules === undefined || rules.length === 0 ? 'pvs needs at least one rule' : undefined;
}

function eventCriteria(value: unknown): string | undefined {
  if (!isRecord(value)) return 'expected event notification criteria';
  for (const [name, member] of Object.entries(value)) {
    if (!EVENT_CRITERIA.has(name)) return `unknown member ${name}`;
    const numbers = name === 'net' || name === 'chty';
    if (numbers && !(Array.isArray(member) && member.every(isInteger))) return `${name}: expected a list of integers`;
    if (name === 'atr' && !(Array.isArray(member) && member.every(isString))) return 'atr: expected a list of names';
  }
  return undefined;
}

const CHECKS: Readonly<Record<ValueType, Check>> = {
  string: (v) => (isString(v) ? undefined : 'expected a string'),
  boolean: (v) => (typeof v === 'boolean' ? undefined : 'expected a boolean'),
  positive: (v) => (isInteger(v) && v > 0 ? undefined : 'expected a positive integer'),
  nonNegative: (v) => (isInteger(v) && v >= 0 ? undefined : 'expected a non-negative integer'),
  timestamp: (v) => (timestampOf(v) === undefined ? 'expected a timestamp YYYYMMDDThhmmss' : undefined),
  json: () => undefined,
  strings: (v) => list(v, isString, 'strings', 0),
  'strings+': (v) => list(v, isString, 'strings', 1),
  'tokens+': (v) => list(v, isToken, 'tokens', 1),
  objects: (v) => list(v, isRecord, 'objects', 0),
  object: (v) => (isRecord(v) ? undefined : 'expected an object'),
  privileges,
  selfPrivileges,
  eventCriteria,
  contentType: (v) => (isInteger(v) && v >= 1 && v <= 5 ? undefined : 'expected 1 to 5'),
  duration: (v) => (isString(v) && /^P(?=.)/.test(v) ? undefined : 'expected an ISO 8601 duration'),
};

/** What is wrong with a value for a type, in a few words, or undefined. */
export function valueFault(type: ValueType, value: unknown): string | undefined {
  return CHECKS[type](value);
}
