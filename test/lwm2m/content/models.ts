import type { DataType, ObjectDefinition, ResourceDefinition } from '../../../lwm2m/model/definition.ts';
import { ObjectModels } from '../../../lwm2m/model/object-models.ts';

/** A definition with these resources, by their ids. */
export function definitionOf(
  id: number,
  multiple: boolean,
  resources: readonly (readonly [id: number, type: DataType, multiple?: boolean])[],
): ObjectDefinition {
  const rows = resources.map(
    ([resourceId, type, several = false]): ResourceDefinition => ({
      id: resourceId,
      name: `${type} ${resourceId}`,
      type,
      operations: { read: type !== 'none', write: type !== 'none', execute: type === 'none' },
      multiple: several,
      mandatory: false,
    }),
  );
  return {
    id,
    name: `Object ${id}`,
    urn: `urn:oma:lwm2m:x:${id}`,
    version: '1.0',
    multiple,
    mandatory: false,
    resources: new Map(rows.map((row) => [row.id, row])),
  };
}

/** The types of resources that hold a value. */
export const TYPES = [
  'string',
  'integer',
  'unsigned',
  'float',
  'boolean',
  'opaque',
  'time',
  'objlnk',
  'corelnk',
] as const;

/** An object of our own: resource n is of type n of TYPES, resource 300 + n has several instances, 20 is executable. */
export const ALL_TYPES = definitionOf(33_000, true, [
  ...TYPES.map((type, index) => [index, type] as const),
  ...TYPES.map((type, index) => [300 + index, type, true] as const),
  [20, 'none'],
]);

/** Figure C.-1 of LwM2M 1.1: objects that link to each other. */
export const OBJECT_65 = definitionOf(65, true, [
  [0, 'objlnk', true],
  [1, 'string'],
  [2, 'integer'],
]);
export const OBJECT_66 = definitionOf(66, true, [
  [0, 'string'],
  [1, 'string'],
  [2, 'objlnk'],
]);

const OWN = new Map([ALL_TYPES, OBJECT_65, OBJECT_66].map((definition) => [definition.id, definition]));

/** The official objects and those above. */
export function find(objectId: number): ObjectDefinition | undefined {
  return OWN.get(objectId) ?? ObjectModels.official().find(objectId, undefined, '1.1');
}
