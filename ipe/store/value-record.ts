import { DecodeError } from '../../common/index.ts';
import { Fields } from './fields.ts';
import type { RecordFormat } from './record-format.ts';

/** A value that the CSE has not got yet. */
export interface StoredValue {
  readonly endpoint: string;
  /** Its container, below the endpoint's AE. */
  readonly container: string;
  /** Object, Object Instance and, where the container stands for one, Resource. */
  readonly path: { readonly objectId: number; readonly instanceId: number; readonly resourceId?: number };
  /** Of the contentInstance. */
  readonly attributes: Readonly<Record<string, unknown>>;
  /** Milliseconds of the epoch. */
  readonly receivedAt: number;
}

const MOST_ID = 65_535;

/** A value. Key: `orderedKey` of the endpoint name, in the order in which they came. */
export const valueFormat: RecordFormat<StoredValue> = {
  version: 1,
  encode: (value) => value,
  decode: (json) => {
    const fields = new Fields(json);
    const attributes = fields.raw('attributes');
    if (typeof attributes !== 'object' || attributes === null || Array.isArray(attributes)) {
      throw new DecodeError('store/record', 'a value without attributes');
    }
    return {
      endpoint: fields.text('endpoint', 255),
      container: fields.text('container'),
      path: decodePath(fields.raw('path')),
      attributes: attributes as Readonly<Record<string, unknown>>,
      receivedAt: fields.time('receivedAt'),
    };
  },
};

function decodePath(json: unknown): StoredValue['path'] {
  const fields = new Fields(json);
  const path = {
    objectId: fields.integer('objectId', 0, MOST_ID),
    instanceId: fields.integer('instanceId', 0, MOST_ID),
  };
  return fields.has('resourceId') ? { ...path, resourceId: fields.integer('resourceId', 0, MOST_ID) } : path;
}
