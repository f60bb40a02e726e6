import { IpeError } from '../common/index.ts';

const SECRET_NAME = /adminoriginator|secret|psk|passw|passphrase|credential|token|keys?$/i;
const MAX_DEPTH = 5;
const MAX_ITEMS = 100;
const MAX_TEXT = 2_000;

/** What stands in the log in place of a secret. */
const REDACTED = '[redacted]';

function plainError(error: Error, stacks: boolean, depth: number): Record<string, unknown> {
  const facts = error instanceof IpeError ? { code: error.code, ...error.details } : {};
  const stack = stacks ? { stack: error.stack } : {};
  return plainFields({ message: error.message, ...facts, ...stack }, stacks, depth + 1);
}

function plainValue(value: unknown, stacks: boolean, depth: number): unknown {
  switch (typeof value) {
    case 'string':
      return value.length > MAX_TEXT ? `${value.slice(0, MAX_TEXT)}…` : value;
    case 'bigint':
      return value.toString();
    case 'object':
      return value === null ? null : plainObject(value, stacks, depth);
    case 'function':
    case 'symbol':
      return undefined;
    default:
      return value;
  }
}

function plainObject(value: object, stacks: boolean, depth: number): unknown {
  if (depth > MAX_DEPTH) return '…';
  if (value instanceof Error) return plainError(value, stacks, depth);
  if (value instanceof Date) return Number.isNaN(value.getTime()) ? null : value.toISOString();
  if (value instanceof Uint8Array) return Buffer.from(value.subarray(0, MAX_ITEMS)).toString('hex');
  if (value instanceof Map || value instanceof Set) return plainObject([...value], stacks, depth);
  if (Array.isArray(value)) return value.slice(0, MAX_ITEMS).map((item) => plainValue(item, stacks, depth + 1));
  return plainFields(value, stacks, depth + 1);
}

/** Field names that were looked at before, and whether they name a secret; bounded, for some come from peers. */
const judged = new Map<string, boolean>();
const MAX_JUDGED = 1_000;

function isSecret(name: string): boolean {
  let secret = judged.get(name);
  if (secret === undefined) {
    secret = SECRET_NAME.test(name);
    if (judged.size < MAX_JUDGED) judged.set(name, secret);
  }
  return secret;
}

/**
 * Fields as they may be written: secrets by name replaced, errors told without their stack unless `stacks`, depth and
 * size bounded, nothing that JSON could not hold.
 */
export function plainFields(fields: object, stacks: boolean, depth = 0): Record<string, unknown> {
  const plain: Record<string, unknown> = {};
  let items = 0;
  // Several times as quick as going through what `Object.entries` gives.
  for (const name in fields) {
    if (!Object.hasOwn(fields, name)) continue;
    const value = (fields as Record<string, unknown>)[name];
    items += 1;
    if (items > MAX_ITEMS) break;
    plain[name] = isSecret(name) && value !== undefined ? REDACTED : plainValue(value, stacks, depth);
  }
  return plain;
}
