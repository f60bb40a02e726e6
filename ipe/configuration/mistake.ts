import { IpeError } from '../../common/index.ts';
import type { ConfigurationKey } from './keys.ts';

/** One thing that is wrong in a configuration. */
export interface Mistake {
  /** The key, or the environment variable where no key fits. */
  readonly key: string;
  /** Where it was written: an environment variable, or file and line. */
  readonly where?: string;
  /** What is wrong, what is allowed, what was probably meant. */
  readonly text: string;
}

const LONGEST_SHOWN = 80;

/** A given value as it may be shown: shortened, without control characters, without credentials. */
export function shownValue(value: unknown, key: ConfigurationKey | undefined): string {
  if (key?.secret) return 'the value (not shown)';
  const text = JSON.stringify(value) ?? String(value);
  const masked = text.replace(/\/\/[^/@\s]*@/g, '//***@').replace(/[\u007f-\u009f\u2028\u2029]/g, '?');
  return masked.length > LONGEST_SHOWN ? `${masked.slice(0, LONGEST_SHOWN)}…` : masked;
}

function line({ key, where, text }: Mistake): string {
  return where === undefined || where === key ? `  ${key}: ${text}` : `  ${key} (${where}): ${text}`;
}

/** All mistakes as one error with the code `config/invalid`; its message has one line for each. */
export function configurationError(mistakes: readonly Mistake[]): IpeError {
  const count = mistakes.length === 1 ? '1 mistake' : `${mistakes.length} mistakes`;
  return new IpeError('config/invalid', [`${count} in the configuration:`, ...mistakes.map(line)].join('\n'), {
    details: { mistakes },
  });
}
