import { DecodeError } from '../../common/index.ts';
import { excerpt } from './excerpt.ts';
import { type Link, linkAttribute, parseLinkFormat } from './link-format.ts';
import type { ObjectLink, ObjectLinks } from './registration.ts';

/** Resource type of the link that names the root path (LwM2M 1.0 5.3.1). */
const ROOT_RESOURCE_TYPE = 'oma.lwm2m';

/** Objects that a client must not list and a server never shows: Security and OSCORE (LwM2M 1.1 6.2.1). */
const UNLISTED_OBJECTS: ReadonlySet<number> = new Set([0, 21]);
const MAX_OBJECT_ID = 65_535;
/** 65535 is reserved (LwM2M 1.0 6.1). */
const MAX_INSTANCE_ID = 65_534;
const MAX_ROOT_PATH = 255;
const MAX_CONTENT_FORMAT = 65_535;
const MAX_CONTENT_FORMATS = 32;
const MAX_CONTENT_FORMAT_NAME = 64;
const VERSION = /^(?:0|[1-9]\d{0,2})\.(?:0|[1-9]\d{0,2})$/;
/** Shared by all empty lists. */
const NOTHING: readonly never[] = Object.freeze([]);
const NUMBER = /^(?:0|[1-9]\d{0,4})$/;

interface ListedObject {
  version: string | undefined;
  /** True when the Object link itself gave the version: it outranks those of instance links. */
  versionOfObject: boolean;
  readonly instances: Set<number>;
}

/**
 * The Objects and Object Instances of a Register or Update payload. Throws `DecodeError` (`lwm2m/link-format`,
 * `lwm2m/object-links`) for any bytes that are no link format, or whose alternate path has a numeric segment.
 */
export function decodeObjectLinks(payload: Uint8Array): ObjectLinks {
  return readObjectLinks(parseLinkFormat(payload));
}

/**
 * Picks Objects and Object Instances from links. What is no `/object[/instance]` below the root is another resource of
 * the device and ignored, also numbers out of bounds or with leading zeros: a second spelling of one path would be a
 * second name of one thing.
 */
function readObjectLinks(links: readonly Link[]): ObjectLinks {
  const marked = links.find(isMarkedRoot);
  const rootPath = marked === undefined ? '/' : alternatePath(marked.target);
  const rootLink = marked ?? links.find((link) => normalPath(link.target) === '/');
  const listed = listObjects(links, rootPath);
  // The example of TS-0014 draft 6.3.2 names an alternate path and then lists `</1/0>` outside of it.
  const objects = listed.size === 0 && rootPath !== '/' ? listObjects(links, '/') : listed;
  const formats = contentFormatEntries(rootLink);
  return Object.freeze({
    rootPath,
    contentFormats: exactly(formats.flatMap((entry) => identifier(entry, MAX_CONTENT_FORMAT) ?? [])),
    contentFormatNames: exactly(formats.filter(isContentFormatName)),
    links: toObjectLinks(objects),
  });
}

/** True when both say the same. */
export function sameObjectLinks(a: ObjectLinks, b: ObjectLinks): boolean {
  return (
    a === b ||
    (a.rootPath === b.rootPath &&
      sameItems(a.contentFormats, b.contentFormats) &&
      sameItems(a.contentFormatNames, b.contentFormatNames) &&
      a.links.length === b.links.length &&
      a.links.every((link, index) => sameLink(link, b.links[index])))
  );
}

function sameItems<T>(a: readonly T[], b: readonly T[]): boolean {
  return a.length === b.length && a.every((item, index) => item === b[index]);
}

function sameLink(a: ObjectLink, b: ObjectLink | undefined): boolean {
  return a.objectId === b?.objectId && a.instanceId === b.instanceId && a.version === b.version;
}

function isMarkedRoot(link: Link): boolean {
  const types = linkAttribute(link, 'rt')?.value;
  return types?.split(' ').includes(ROOT_RESOURCE_TYPE) ?? false;
}

/** With one leading slash and none at the end; RFC 6690 2.1 resolves a relative target against the root. */
function normalPath(target: string): string {
  const absolute = target.startsWith('/') || target.includes(':') ? target : `/${target}`;
  return absolute.length > 1 && absolute.endsWith('/') ? absolute.slice(0, -1) : absolute;
}

function alternatePath(target: string): string {
  const path = normalPath(target);
  if (path === '/') return path;
  if (path.length > MAX_ROOT_PATH) throw refused(`root path longer than ${MAX_ROOT_PATH} characters`);
  if (!path.startsWith('/') || /[?#]|\/\//.test(path)) throw refused(`"${excerpt(target)}" is no path`);
  if (/\/\d+(?:\/|$)/.test(path)) throw refused(`root path "${excerpt(target)}" has a numeric segment`);
  return path;
}

function refused(reason: string): DecodeError {
  return new DecodeError('lwm2m/object-links', `object links: ${reason}`);
}

function listObjects(links: readonly Link[], rootPath: string): Map<number, ListedObject> {
  const prefix = rootPath === '/' ? '/' : `${rootPath}/`;
  const objects = new Map<number, ListedObject>();
  for (const link of links) {
    const path = normalPath(link.target);
    if (path.startsWith(prefix)) listObject(objects, path.slice(prefix.length).split('/', 3), link);
  }
  return objects;
}

function listObject(objects: Map<number, ListedObject>, segments: readonly string[], link: Link): void {
  const objectId = identifier(segments[0], MAX_OBJECT_ID);
  const instanceId = segments.length > 1 ? identifier(segments[1], MAX_INSTANCE_ID) : undefined;
  if (objectId === undefined || UNLISTED_OBJECTS.has(objectId)) return;
  if (segments.length > 2 || (segments.length === 2 && instanceId === undefined)) return;
  let object = objects.get(objectId);
  if (object === undefined) {
    object = { version: undefined, versionOfObject: false, instances: new Set() };
    objects.set(objectId, object);
  }
  if (instanceId !== undefined) object.instances.add(instanceId);
  takeVersion(object, linkAttribute(link, 'ver')?.value, instanceId === undefined);
}

/** All instances of an Object have its version (LwM2M 1.1 7.2.2), whichever link carries it. */
function takeVersion(object: ListedObject, version: string | undefined, ofObject: boolean): void {
  if (version === undefined || !VERSION.test(version)) return;
  if (object.version !== undefined && (object.versionOfObject || !ofObject)) return;
  object.version = version;
  object.versionOfObject = ofObject;
}

function identifier(segment: string | undefined, max: number): number | undefined {
  if (segment === undefined || !NUMBER.test(segment)) return undefined;
  const id = Number(segment);
  return id <= max ? id : undefined;
}

function toObjectLinks(objects: ReadonlyMap<number, ListedObject>): readonly ObjectLink[] {
  const links: ObjectLink[] = [];
  for (const [objectId, { version, instances }] of inNumericOrder([...objects], ([id]) => id)) {
    if (instances.size === 0) links.push(objectLink(objectId, version));
    for (const id of inNumericOrder([...instances], (number) => number))
      links.push(instanceLink(objectId, id, version));
  }
  return exactly(links);
}

function inNumericOrder<T>(items: T[], number: (item: T) => number): T[] {
  return items.length > 1 ? items.sort((a, b) => number(a) - number(b)) : items;
}

/** Plain literals: a frozen object made by spreading takes five times the memory. */
function objectLink(objectId: number, version: string | undefined): ObjectLink {
  return Object.freeze(version === undefined ? { objectId } : { objectId, version });
}

function instanceLink(objectId: number, instanceId: number, version: string | undefined): ObjectLink {
  return Object.freeze(version === undefined ? { objectId, instanceId } : { objectId, instanceId, version });
}

/** A frozen copy without the room that a list keeps for growing. */
function exactly<T>(items: readonly T[]): readonly T[] {
  return items.length === 0 ? NOTHING : Object.freeze(items.slice());
}

function contentFormatEntries(root: Link | undefined): readonly string[] {
  const value = root === undefined ? undefined : linkAttribute(root, 'ct')?.value;
  return value === undefined ? NOTHING : [...new Set(value.split(/[ \t]+/, MAX_CONTENT_FORMATS))];
}

function isContentFormatName(entry: string): boolean {
  return entry.length <= MAX_CONTENT_FORMAT_NAME && /^[\x21-\x7e]+$/.test(entry) && !/^\d+$/.test(entry);
}
