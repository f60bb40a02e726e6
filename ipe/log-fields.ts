import { IpeError } from '../common/index.ts';

const SECRET_NAME = /adminoriginator|secret|psk|passw|passphrase|credential|token|keys?$/i;
const MAX_DEPTH = 5;
const MAX_ITEMS = 100;
const MAX_TEXT = 2_000;

/** What stands in the log in place of a secret. */
export const REDACTED = '[redacted]';

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

/**
 * Fields as they may be written: secrets by name replaced, errors told without their stack unless `stacks`, depth and
 * size bounded, nothing that JSON could not hold.
 */
export function plainFields(fields: object, stacks: boolean, depth = 0): Record<string, unknown> {
  const entries = Object.entries(fields).slice(0, MAX_ITEMS);
  return Object.fromEntries(
    entries.map(([name, value]) => [
      name,
      SECRET_NAME.test(name) && value !== undefined ? REDACTED : plainValue(value, stacks, depth),
    ]),
  );
}
