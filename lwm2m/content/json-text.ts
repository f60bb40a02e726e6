import { inexpressible } from './codec-context.ts';
import { isWellFormed } from './utf8.ts';

/** A string as JSON. Throws IpeError `content/value` when it is not well-formed Unicode. */
export function jsonString(text: string): string {
  if (!isWellFormed(text)) throw inexpressible('value', 'A text is not well-formed Unicode');
  return JSON.stringify(text);
}

/** A number as JSON, with all digits. Throws IpeError `content/value` for infinities and NaN. */
export function jsonNumber(value: number | bigint): string {
  if (typeof value === 'bigint') return value.toString();
  if (!Number.isFinite(value)) throw inexpressible('value', `JSON cannot hold ${value}`);
  return Object.is(value, -0) ? '-0' : String(value);
}
