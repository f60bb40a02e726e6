import type { CoapRequest, CoapResponse } from '../coap/types.ts';
import { type Link, linkAttribute, printLinkFormat } from './link-format.ts';

const LINK_FORMAT = 40;
const MAX_FILTERS = 4;

/** Attributes whose value is a list of names separated by blanks (RFC 6690 3.1, 3.2). */
const LISTS: ReadonlySet<string> = new Set(['rt', 'if', 'rel', 'ct']);

/** Answers `GET /.well-known/core`, filtered as its query asks (RFC 6690 4, 4.1). */
export function wellKnownCore(links: readonly Link[], { query, accept }: CoapRequest): CoapResponse {
  if (accept !== undefined && accept !== LINK_FORMAT) return { code: '4.06' };
  if (query.length > MAX_FILTERS) return { code: '4.00', payload: `more than ${MAX_FILTERS} filters` };
  const shown = links.filter((link) => query.every((filter) => matches(link, filter)));
  return { code: '2.05', contentFormat: LINK_FORMAT, payload: printLinkFormat(shown) };
}

/** One filter `name=value`, `name=prefix*`; a query without `=` filters nothing. */
function matches(link: Link, filter: string): boolean {
  const equals = filter.indexOf('=');
  if (equals < 0) return true;
  const name = filter.slice(0, equals);
  const wanted = filter.slice(equals + 1);
  const value = name === 'href' ? link.target : linkAttribute(link, name)?.value;
  if (value === undefined) return false;
  const candidates = LISTS.has(name) ? value.split(' ') : [value];
  if (!wanted.endsWith('*')) return candidates.includes(wanted);
  const prefix = wanted.slice(0, -1);
  return candidates.some((candidate) => candidate.startsWith(prefix));
}
