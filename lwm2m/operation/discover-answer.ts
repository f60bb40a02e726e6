import { comparePaths, idsOfPath, isInside, levels, pathOfIds, pathOfName } from '../content/resource-path.ts';
import { formatPath, type Path } from '../model/path.ts';
import { type Link, linkAttribute, parseLinkFormat } from '../registration/link-format.ts';
import type { DiscoveredLink } from './discovered-link.ts';
import { attributeRow, type NotificationAttributes, readAttribute } from './notification-attributes.ts';

const NOTHING: NotificationAttributes = Object.freeze({});
const VERSION = /^\d{1,5}\.\d{1,5}$/;

/**
 * Reads the answer to a Discover, in order of paths, the first of two that name the same. Links outside of `base`, and
 * those that are no path of the data model, are left out; what is listed only by its children is `implied`. Throws
 * `DecodeError` `lwm2m/link-format`.
 */
export function readDiscoverAnswer(payload: Uint8Array, base: Path, rootPath: string): readonly DiscoveredLink[] {
  const found = new Map<string, DiscoveredLink>();
  for (const link of parseLinkFormat(payload)) {
    const path = pathOfLink(link, rootPath);
    if (path === undefined || !isInside(path, base)) continue;
    const key = formatPath(path);
    if (!found.has(key)) found.set(key, discoveredLink(path, link));
  }
  addImplied(found, base);
  return [...found.values()]
    .sort((a, b) => comparePaths(a.path, b.path))
    .map((link) => ({ ...link, inherited: inheritedBy(link, found) }));
}

/** Some devices leave their alternate root path out, as some do when they register. */
function pathOfLink({ target }: Link, rootPath: string): Path | undefined {
  const prefix = rootPath === '/' ? '' : rootPath;
  const name = prefix !== '' && target.startsWith(`${prefix}/`) ? target.slice(prefix.length) : target;
  return name === '/' || name === '' ? undefined : pathOfName(name);
}

function discoveredLink(path: Path, link: Link): DiscoveredLink {
  const attributes: Record<string, number> = {};
  for (const { name, value } of link.attributes) {
    const row = attributeRow(name);
    const number = row === undefined || value === undefined ? undefined : readAttribute(row, value);
    if (number !== undefined && !(name in attributes)) attributes[name] = number;
  }
  const dimension = wholeAttribute(link, 'dim');
  const shortServerId = wholeAttribute(link, 'ssid');
  const version = linkAttribute(link, 'ver')?.value;
  const serverUri = linkAttribute(link, 'uri')?.value;
  return {
    path,
    attributes,
    inherited: NOTHING,
    ...(dimension === undefined ? undefined : { dimension }),
    ...(version === undefined || !VERSION.test(version) ? undefined : { version }),
    ...(shortServerId === undefined ? undefined : { shortServerId }),
    ...(serverUri === undefined ? undefined : { serverUri }),
  };
}

function wholeAttribute(link: Link, name: string): number | undefined {
  const text = linkAttribute(link, name)?.value;
  return text !== undefined && /^\d{1,5}$/.test(text) ? Number(text) : undefined;
}

/** `</3>,</3/0/0>` is an answer too. */
function addImplied(found: Map<string, DiscoveredLink>, base: Path): void {
  for (const { path } of [...found.values()]) {
    for (const above of pathsAbove(path)) {
      const key = formatPath(above);
      if (!isInside(above, base) || found.has(key)) continue;
      found.set(key, { path: above, attributes: NOTHING, inherited: NOTHING, implied: true });
    }
  }
}

/** From the object down. */
function pathsAbove(path: Path): Path[] {
  const ids = idsOfPath(path);
  return Array.from({ length: levels(path) - 1 }, (_, index) => pathOfIds(ids, index + 1));
}

/** The nearest level counts: resource over instance over object. */
function inheritedBy({ path, attributes }: DiscoveredLink, found: ReadonlyMap<string, DiscoveredLink>) {
  const above = pathsAbove(path).map((one) => found.get(formatPath(one))?.attributes ?? NOTHING);
  const entries = Object.entries(Object.assign({}, ...above) as NotificationAttributes);
  return Object.fromEntries(entries.filter(([name]) => !(name in attributes))) as NotificationAttributes;
}
