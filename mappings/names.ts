import { createHash } from 'node:crypto';

/** How resource names are made; `maxLength` counts characters of an AE's resourceName. */
export interface NameSettings {
  readonly nodePrefix: string;
  readonly maxLength?: number | undefined;
}

/** The names of one endpoint on the CSE. */
export interface EndpointNames {
  /** resourceName of the AE. */
  readonly resourceName: string;
  /** AE-ID: `C` and the resource name; TS-0001 7.2 demands the first letter that TS-0014 6.2.2.1 leaves out. */
  readonly aeId: string;
  /** resourceName of the node; AE and node are siblings and cannot share one (TS-0004 6.2.4). */
  readonly nodeName: string;
}

/** Marks an escaped name that would else begin with a character that no CSE takes in front; no escape yields it. */
const LEADING_MARK = '0_-';
const HASH_DIGITS = 10;
const PLAIN = /^[A-Za-z0-9-]$/;
/** A name that needs no escape, as most do. */
const PLAIN_NAME = /^[A-Za-z0-9][A-Za-z0-9-]*$/;

/**
 * The endpoint name in the alphabet `[A-Za-z0-9][A-Za-z0-9_-]*`: without a leading `urn:`, `_` doubled, every other
 * byte of its UTF-8 as `_XX`. Reversible, but for the `urn:`, which the label keeps.
 */
export function escapeName(endpoint: string): string {
  const bare = endpoint.startsWith('urn:') ? endpoint.slice(4) : endpoint;
  if (PLAIN_NAME.test(bare)) return bare;
  let name = '';
  for (const byte of Buffer.from(bare, 'utf8')) {
    const character = String.fromCharCode(byte);
    if (PLAIN.test(character)) name += character;
    else if (character === '_') name += '__';
    else name += `_${byte.toString(16).toUpperCase().padStart(2, '0')}`;
  }
  return /^[A-Za-z0-9]/.test(name) ? name : LEADING_MARK + name;
}

/** The names of an endpoint; one longer than `maxLength` keeps its first part and 10 hex digits of its SHA-256. */
export function endpointNames(endpoint: string, settings: NameSettings): EndpointNames {
  const resourceName = shorten(escapeName(endpoint), endpoint, settings.maxLength);
  return { resourceName, aeId: `C${resourceName}`, nodeName: `${settings.nodePrefix}${resourceName}` };
}

function shorten(name: string, endpoint: string, maxLength: number | undefined): string {
  if (maxLength === undefined || name.length <= maxLength) return name;
  const digest = createHash('sha256').update(endpoint).digest('hex').slice(0, HASH_DIGITS);
  return `${name.slice(0, Math.max(1, maxLength - HASH_DIGITS - 1))}-${digest}`;
}

/** resourceName of the container of a link, `3303_0` or `5`; a slash would separate levels (TS-0004 6.2.4). */
export function containerName(link: { readonly objectId: number; readonly instanceId?: number }): string {
  return link.instanceId === undefined ? String(link.objectId) : `${link.objectId}_${link.instanceId}`;
}

/** True for a name that `containerName` makes. */
export function isContainerName(name: string): boolean {
  return /^(?:0|[1-9]\d{0,4})(?:_(?:0|[1-9]\d{0,4}))?$/.test(name);
}
