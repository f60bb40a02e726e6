import { DecodeError } from '../../common/index.ts';
import { excerpt } from './excerpt.ts';
import { type Link, linkAttribute, parseLinkFormat } from './link-format.ts';
import type { ObjectLink, ObjectLinks } from './registration.ts';

/** Resource type of the link that names the root path (LwM2M 1.0 5.3.1). */
export const ROOT_RESOURCE_TYPE = 'oma.lwm2m';

/** Objects that a client must not list and a server never shows: Security and OSCORE (LwM2M 1.1 6.2.1). */
const UNLISTED_OBJECTS: ReadonlySet<number> = new Set([0, 21]);
const MAX_OBJECT_ID = 65_535;
/** 65535 is reserved (LwM2M 1.0 6.1). */
const MAX_INSTANCE_ID = 65_534;
const MAX_ROOT_PATH = 255;
const MAX_CONTENT_FORMATS = 32;
const MAX_CONTENT_FORMAT_NAME = 64;
const VERSION = /^(?:0|[1-9]\d{0,2})\.(?:0|[1-9]\d{0,2})$/;
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
export function readObjectLinks(links: readonly Link[]): ObjectLinks {
  const marked = links.find(isMarkedRoot);
  const rootPath = marked === undefined ? '/' : alternatePath(marked.target);
  const rootLink = marked ?? links.find((link) => normalPath(link.target) === '/');
  const listed = listObjects(links, rootPath);
  // The example of TS-0014 draft 6.3.2 names an alternate path and then lists `</1/0>` outside of it.
  const objects = listed.size === 0 && rootPath !== '/' ? listObjects(links, '/') : listed;
  return Object.freeze({ rootPath, ...contentFormats(rootLink), links: Object.freeze(toObjectLinks(objects)) });
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

function toObjectLinks(objects: ReadonlyMap<number, ListedObject>): ObjectLink[] {
  const links: ObjectLink[] = [];
  for (const [objectId, { version, instances }] of [...objects].sort(([a], [b]) => a - b)) {
    const object = version === undefined ? { objectId } : { objectId, version };
    if (instances.size === 0) links.push(Object.freeze(object));
    for (const instanceId of [...instances].sort((a, b) => a - b)) links.push(Object.freeze({ ...object, instanceId }));
  }
  return links;
}

function contentFormats(root: Link | undefined): Pick<ObjectLinks, 'contentFormats' | 'contentFormatNames'> {
  const value = root === undefined ? undefined : linkAttribute(root, 'ct')?.value;
  const entries = new Set((value ?? '').split(/[ \t]+/, MAX_CONTENT_FORMATS));
  const formats: number[] = [];
  const names: string[] = [];
  for (const entry of entries) {
    const number = identifier(entry, 65_535);
    if (number !== undefined) formats.push(number);
    else if (/^[\x21-\x7e]*[^\d\s][\x21-\x7e]*$/.test(entry) && entry.length <= MAX_CONTENT_FORMAT_NAME)
      names.push(entry);
  }
  return { contentFormats: Object.freeze(formats), contentFormatNames: Object.freeze(names) };
}
