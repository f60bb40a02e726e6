import { IpeError } from '../../common/index.ts';

/** Which server could not listen, by the section of its keys, and why. */
export interface ListenFailure {
  readonly section: 'lwm2m.coap' | 'lwm2m.coaps' | 'http' | 'embeddedCse';
  /** The port is taken; else the address is the trouble. */
  readonly inUse: boolean;
}

const SECTION_OF_CODE: Readonly<Record<string, ListenFailure['section']>> = {
  'coap/port-in-use': 'lwm2m.coap',
  'coap/address': 'lwm2m.coap',
  'coaps/port-in-use': 'lwm2m.coaps',
  'coaps/address': 'lwm2m.coaps',
  'http/port-in-use': 'http',
  'http/address': 'http',
  'cse/listen': 'embeddedCse',
};

/** What an error says of a server that could not listen; undefined for every other error. */
export function listenFailure(error: unknown): ListenFailure | undefined {
  if (!(error instanceof IpeError)) return undefined;
  const section = SECTION_OF_CODE[error.code];
  if (section === undefined) return undefined;
  const { code } = (error.cause ?? {}) as NodeJS.ErrnoException;
  return { section, inUse: code === 'EADDRINUSE' };
}
