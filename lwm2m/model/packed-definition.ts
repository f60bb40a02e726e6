import type { DataType, ObjectDefinition, ResourceDefinition } from './definition.ts';

type PackedResource = [id: number, name: string, flags: string, type: DataType, units?: string, range?: string];
type PackedObject = [name: string, urn: string, lwm2mVersion: string, flags: string, ...resources: PackedResource[]];

const MULTIPLE = '*';
const MANDATORY = '!';

/** One line of text: `3303 1.1 ` and the rest as JSON. What unpackDefinition gives back equals the definition. */
export function packDefinition(object: ObjectDefinition): string {
  const resources = [...object.resources.values()].map(packResource);
  const packed: PackedObject = [object.name, object.urn, object.lwm2mVersion ?? '', flagsOf(object), ...resources];
  return `${object.id} ${object.version} ${JSON.stringify(packed)}`;
}

/** Object ID and version of a packed definition, without reading the rest. */
export function packedKey(line: string): { readonly id: number; readonly version: string } {
  const [id = '', version = ''] = line.slice(0, 16).split(' ', 2);
  return { id: Number(id), version };
}

/** Reads what packDefinition wrote, and nothing else: it trusts the line. */
export function unpackDefinition(line: string): ObjectDefinition {
  const { id, version } = packedKey(line);
  const [name, urn, lwm2mVersion, flags, ...resources] = JSON.parse(line.slice(line.indexOf('['))) as PackedObject;
  return {
    id,
    name,
    urn,
    version,
    ...(lwm2mVersion === '' ? {} : { lwm2mVersion }),
    multiple: flags.includes(MULTIPLE),
    mandatory: flags.includes(MANDATORY),
    resources: new Map(resources.map((resource) => [resource[0], unpackResource(resource)])),
  };
}

function packResource(resource: ResourceDefinition): PackedResource {
  const { id, name, type, operations, units, range } = resource;
  const letters = `${operations.read ? 'R' : ''}${operations.write ? 'W' : ''}${operations.execute ? 'E' : ''}`;
  const packed: PackedResource = [id, name, letters + flagsOf(resource), type];
  if (units !== undefined || range !== undefined) packed.push(units ?? '');
  if (range !== undefined) packed.push(range);
  return packed;
}

function unpackResource([id, name, flags, type, units = '', range = '']: PackedResource): ResourceDefinition {
  return {
    id,
    name,
    type,
    operations: { read: flags.includes('R'), write: flags.includes('W'), execute: flags.includes('E') },
    multiple: flags.includes(MULTIPLE),
    mandatory: flags.includes(MANDATORY),
    ...(units === '' ? {} : { units }),
    ...(range === '' ? {} : { range }),
  };
}

function flagsOf({ multiple, mandatory }: { readonly multiple: boolean; readonly mandatory: boolean }): string {
  return (multiple ? MULTIPLE : '') + (mandatory ? MANDATORY : '');
}
