import type { DataType } from './definition.ts';

/** Content of `<Type>` in an object definition (LWM2M.xsd), in lower case, and what it means (LwM2M 1.1 appendix C). */
export const DATA_TYPES: ReadonlyMap<string, DataType> = new Map([
  ['string', 'string'],
  ['integer', 'integer'],
  ['unsigned integer', 'unsigned'],
  ['float', 'float'],
  ['boolean', 'boolean'],
  ['opaque', 'opaque'],
  ['time', 'time'],
  ['objlnk', 'objlnk'],
  ['corelnk', 'corelnk'],
  ['', 'none'],
] as const);
