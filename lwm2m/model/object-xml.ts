import { DecodeError } from '../../common/index.ts';
import { excerpt } from '../registration/excerpt.ts';
import { DATA_TYPES } from './data-types.ts';
import type { ObjectDefinition, ResourceDefinition, ResourceOperations } from './definition.ts';
import { parseObjectVersion } from './object-version.ts';
import { HIGHEST_ID } from './path.ts';
import { parseXml, type XmlElement } from './xml-tree.ts';

/** Most characters of one field; the registry's longest has 76. */
const LONGEST_FIELD = 1_000;
const URN = /^urn:oma:lwm2m:[a-z][a-z0-9-]*:([0-9]+)(?::([0-9.]+))?$/i;
const LWM2M_VERSION = /^[0-9]{1,3}\.[0-9]{1,3}(?:\.[0-9]{1,3})?$/;

/**
 * Reads an object definition file (LWM2M.xsd, LwM2M 1.1 appendix D): the objects in it, at least one. An object without
 * ObjectVersion has version 1.0. DecodeError `lwm2m/xml` or `lwm2m/object-xml`, for any text.
 */
export function readObjectXml(text: string): ObjectDefinition[] {
  const root = parseXml(text);
  if (root.name !== 'LWM2M') throw refusal(`the root element is LWM2M, not "${excerpt(root.name)}"`);
  const objects = root.children.filter(
    ({ name, attributes }) => name === 'Object' && attributes.get('ObjectType') === 'MODefinition',
  );
  if (objects.length === 0) throw refusal('it holds no Object with ObjectType="MODefinition"');
  return objects.map(readObject);
}

function readObject(element: XmlElement): ObjectDefinition {
  const id = readId(field(element, 'ObjectID'), 'ObjectID');
  const where = `object ${id}`;
  const version = field(element, 'ObjectVersion') || '1.0';
  if (!parseObjectVersion(version)) throw refusal(`${where}: ObjectVersion "${excerpt(version)}" is not like 1.0`);
  const lwm2mVersion = field(element, 'LWM2MVersion');
  if (lwm2mVersion !== '' && !LWM2M_VERSION.test(lwm2mVersion)) {
    throw refusal(`${where}: LWM2MVersion "${excerpt(lwm2mVersion)}" is not like 1.0`);
  }
  return {
    id,
    name: readName(element, where),
    urn: readUrn(field(element, 'ObjectURN'), id, version),
    version,
    ...(lwm2mVersion === '' ? {} : { lwm2mVersion }),
    multiple: choose(element, 'MultipleInstances', MULTIPLE, where),
    mandatory: choose(element, 'Mandatory', MANDATORY, where),
    resources: readResources(element, where),
  };
}

function readResources(object: XmlElement, where: string): Map<number, ResourceDefinition> {
  const items = object.children
    .filter(({ name }) => name === 'Resources')
    .flatMap(({ children }) => children.filter(({ name }) => name === 'Item'));
  const resources = items.map((item) => readResource(item, where)).sort((a, b) => a.id - b.id);
  const byId = new Map(resources.map((resource) => [resource.id, resource]));
  if (byId.size < resources.length) throw refusal(`${where}: a Resource ID is used twice`);
  return byId;
}

function readResource(item: XmlElement, object: string): ResourceDefinition {
  const id = readId(item.attributes.get('ID')?.trim() ?? '', `${object}: Item ID`);
  const where = `${object}, resource ${id}`;
  const operations = readOperations(field(item, 'Operations'), where);
  const units = field(item, 'Units');
  const range = field(item, 'RangeEnumeration');
  const written = field(item, 'Type');
  const type = DATA_TYPES.get(written.toLowerCase());
  if (type === undefined) throw refusal(`${where}: unknown Type "${excerpt(written)}"`);
  return {
    id,
    name: readName(item, where),
    // An executable resource has no value, whatever type the file gives it (LwM2M 1.1 appendix D).
    type: operations.execute && !operations.read && !operations.write ? 'none' : type,
    operations,
    multiple: choose(item, 'MultipleInstances', MULTIPLE, where),
    mandatory: choose(item, 'Mandatory', MANDATORY, where),
    ...(units === '' ? {} : { units }),
    ...(range === '' ? {} : { range }),
  };
}

/** The content of a field that may stand once, blanks and line ends as one blank; empty where it is missing. */
function field(element: XmlElement, name: string): string {
  const found = element.children.filter((child) => child.name === name);
  if (found.length > 1) throw refusal(`${name} stands twice in one ${element.name}`);
  const text = (found[0]?.text ?? '').replace(/\s+/g, ' ').trim();
  if (text.length > LONGEST_FIELD) throw refusal(`${name} is longer than ${LONGEST_FIELD} characters`);
  return text;
}

function readName(element: XmlElement, where: string): string {
  const name = field(element, 'Name');
  if (name === '') throw refusal(`${where} has no Name`);
  return name;
}

function readId(text: string, what: string): number {
  const id = /^[0-9]{1,5}$/.test(text) ? Number(text) : Number.NaN;
  if (!(id <= HIGHEST_ID)) throw refusal(`${what} "${excerpt(text)}" is not a number from 0 to ${HIGHEST_ID}`);
  return id;
}

/** The URN as written, or, where the file gives none, the one that the number would be registered under. */
function readUrn(text: string, id: number, version: string): string {
  if (text === '') return `urn:oma:lwm2m:${urnClass(id)}:${id}${version === '1.0' ? '' : `:${version}`}`;
  const [, urnId, urnVersion] = URN.exec(text) ?? [];
  if (urnId !== undefined && (Number(urnId) !== id || (urnVersion ?? version) !== version)) {
    throw refusal(`object ${id}: ObjectURN "${excerpt(text)}" contradicts its ObjectID or ObjectVersion ${version}`);
  }
  return text;
}

/** Ranges of Object IDs (OMNA LwM2M registry): 0..1023 OMA, 2048..10240 other organisations, else companies. */
function urnClass(id: number): string {
  if (id <= 1_023) return 'oma';
  return id >= 2_048 && id <= 10_240 ? 'ext' : 'x';
}

function readOperations(text: string, where: string): ResourceOperations {
  const letters = text.toUpperCase();
  if (!/^[RWE]{0,3}$/.test(letters) || new Set(letters).size < letters.length) {
    throw refusal(`${where}: Operations are letters of RWE, not "${excerpt(text)}"`);
  }
  return { read: letters.includes('R'), write: letters.includes('W'), execute: letters.includes('E') };
}

const MULTIPLE = { multiple: true, single: false } as const;
const MANDATORY = { mandatory: true, optional: false } as const;

function choose(element: XmlElement, name: string, choices: Readonly<Record<string, boolean>>, where: string): boolean {
  const written = field(element, name);
  const choice = Object.entries(choices).find(([word]) => word === written.toLowerCase());
  if (choice === undefined) {
    throw refusal(`${where}: ${name} is ${Object.keys(choices).join(' or ')}, not "${excerpt(written)}"`);
  }
  return choice[1];
}

function refusal(message: string): DecodeError {
  return new DecodeError('lwm2m/object-xml', message);
}
