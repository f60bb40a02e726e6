import { DecodeError } from '../../common/index.ts';
import type { CreateAttributes } from '../../cse-client/index.ts';
import { Fields } from './fields.ts';
import type { RecordFormat } from './record-format.ts';

/** A value that the CSE has not got yet. */
export interface StoredValue {
  readonly endpoint: string;
  /** Its container, below the endpoint's AE. */
  readonly container: string;
  /** Of the contentInstance, its name among them. */
  readonly attributes: CreateAttributes<4>;
  /** Milliseconds of the epoch. */
  readonly receivedAt: number;
}

/** A value. Key: the endpoint name, then the name of the contentInstance in a form that sorts by age. */
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
      attributes: attributes as CreateAttributes<4>,
      receivedAt: fields.time('receivedAt'),
    };
  },
};
