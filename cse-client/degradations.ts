import type { Dialect } from './dialect.ts';
import { RESOURCE_NAMES, ResourceType } from './primitive.ts';
import type { CseBase } from './resources.ts';

interface Degradation {
  readonly when: (dialect: Dialect) => boolean;
  readonly says: (dialect: Dialect) => string;
}

/** What an interworking proxy misses, by fact of the dialect. */
const BY_DIALECT: readonly Degradation[] = [
  { when: (d) => !d.node, says: () => 'there is no <node>: a device is its AE alone' },
  { when: (d) => d.aeIdMaxLength < 64, says: (d) => `AE-IDs are cut to ${d.aeIdMaxLength} characters` },
  { when: (d) => d.pathMaxLength < 512, says: (d) => `addresses hold ${d.pathMaxLength} characters at most` },
  { when: (d) => !d.expiryDeletes, says: () => 'what has expired stays until it is deleted' },
  { when: (d) => !d.acpiUpdate, says: () => 'access rights can only be given when a resource is created' },
  { when: (d) => !d.originatorWildcards, says: () => 'access rights know no wildcards: originators are named or all' },
  {
    when: (d) => !d.accessControlObjectDetails,
    says: () => 'applications cannot be given the right to subscribe without the right to create anything',
  },
  { when: (d) => d.content === 'string', says: () => 'content is text only: numbers are written as text' },
  { when: (d) => d.asciiOnly, says: () => 'text beyond ASCII is lost' },
  {
    when: (d) => d.discoveryAtBase === 'administrator',
    says: () => 'only the administrator may discover from the CSEBase; applications ask below their own AE',
  },
  { when: (d) => d.labelsPerQuery === 'one', says: () => 'a discovery takes one label' },
];

/** The resource types an interworking proxy uses, and what goes missing without each. */
const BY_TYPE: readonly { readonly ty: ResourceType; readonly says: string }[] = [
  { ty: ResourceType.acp, says: 'applications cannot be given access' },
  { ty: ResourceType.ae, says: 'devices cannot be shown' },
  { ty: ResourceType.container, says: 'objects cannot be shown' },
  { ty: ResourceType.contentInstance, says: 'values cannot be shown' },
  { ty: ResourceType.group, says: 'many resources take many requests' },
  { ty: ResourceType.node, says: 'a device is its AE alone' },
  { ty: ResourceType.subscription, says: 'nobody can be notified' },
];

/** What an interworking proxy will miss on this CSE, one plain sentence each; empty where nothing is missing. */
export function degradations(dialect: Dialect, cseBase?: CseBase): string[] {
  const sentences = BY_DIALECT.filter((row) => row.when(dialect)).map((row) => row.says(dialect));
  const srt = cseBase?.srt ?? [];
  if (srt.length === 0) return sentences;
  const missing = BY_TYPE.filter((row) => !srt.includes(row.ty) && (row.ty !== ResourceType.node || dialect.node));
  return [...sentences, ...missing.map((row) => `the CSE lists no ${RESOURCE_NAMES[row.ty]}: ${row.says}`)];
}
