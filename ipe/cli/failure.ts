import { errorMessage, IpeError } from '../../common/index.ts';
import { findKey } from '../configuration/index.ts';
import type { Surroundings } from './surroundings.ts';

/** Which key to change when an address cannot be listened on; the servers themselves know no keys. */
const KEY_OF_CODE: Readonly<Record<string, string>> = {
  'coap/port-in-use': 'lwm2m.coap.port',
  'coap/address': 'lwm2m.coap.host',
  'http/port-in-use': 'http.port',
  'http/address': 'http.host',
  'embedded-cse/port-in-use': 'embeddedCse.port',
  'embedded-cse/address': 'embeddedCse.host',
};

function remedy(code: string): string {
  const key = findKey(KEY_OF_CODE[code] ?? '');
  if (key === undefined) return '';
  const anyFree = key.path.endsWith('.port') ? '; 0 takes any free port' : '';
  return `; set ${key.path} (${key.environment}) to another one${anyFree}`;
}

/** What went wrong, in the words of the user: one line, or one line a mistake for a configuration. */
export function failureText(error: unknown): string {
  if (!(error instanceof IpeError)) return `unexpected error: ${errorMessage(error)}`;
  const message = error.code === 'config/invalid' ? error.message : errorMessage(error);
  return `${message}${remedy(error.code)}`;
}

/** Tells on standard error what went wrong; with its stack only at log.level debug. */
export function reportFailure(error: unknown, { stderr, showStacks }: Surroundings): void {
  stderr.write(`lwm2m-ipe: ${failureText(error)}\n`);
  if (showStacks && error instanceof Error) stderr.write(`${error.stack}\n`);
}
