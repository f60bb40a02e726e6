import { errorMessage, IpeError } from '../../common/index.ts';
import { findKey } from '../configuration/index.ts';
import { listenFailure } from './listen-failure.ts';
import type { Surroundings } from './surroundings.ts';

/** Which key to change when a server could not listen; the servers themselves know no keys. */
function remedy(error: unknown): string {
  const failure = listenFailure(error);
  if (failure === undefined) return '';
  const key = findKey(`${failure.section}.${failure.inUse ? 'port' : 'host'}`);
  const choice = failure.inUse ? 'another port, or to 0 for any free one' : 'another address';
  return `; set ${key?.path} (${key?.environment}) to ${choice}`;
}

/** What went wrong, in the words of the user: one line, or one line a mistake for a configuration. */
export function failureText(error: unknown): string {
  if (!(error instanceof IpeError)) return `unexpected error: ${errorMessage(error)}`;
  const message = error.code === 'config/invalid' ? error.message : errorMessage(error);
  return `${message}${remedy(error)}`;
}

/** Tells on standard error what went wrong; with its stack only at log.level debug. */
export function reportFailure(error: unknown, { stderr, showStacks }: Surroundings): void {
  stderr.write(`lwm2m-ipe: ${failureText(error)}\n`);
  if (showStacks && error instanceof Error) stderr.write(`${error.stack}\n`);
}
