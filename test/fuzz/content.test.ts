import { expect, it } from 'vitest';
import { DecodeError } from '../../common/index.ts';
import { decodeContent } from '../../lwm2m/index.ts';
import { find } from '../lwm2m/content/models.ts';
import { baseOf, VECTORS } from '../lwm2m/content/vectors.ts';
import { mutations } from './corpus.ts';
import { count, SEED, timeLimit } from './seeds.ts';

const formats = [...new Set(VECTORS.map(({ format }) => format))];
const bases = [undefined, '/3', '/3/0', '/3/0/6', '/65/0/1/2'].map(baseOf);

it.each(formats)(
  'format %i: whatever a payload holds, it is nodes or a DecodeError, of no more nodes than bytes',
  (format) => {
    // Payloads of other formats are what a device sends that errs in its content format.
    const own = VECTORS.filter((vector) => vector.format === format).map(({ payload }) => payload);
    const seeds = [...own, ...own, ...own, ...VECTORS.map(({ payload }) => payload)];
    let left = count(3_000);
    for (const payload of mutations(seeds, SEED + format)) {
      try {
        const nodes = decodeContent(format, payload, { base: bases[left % bases.length], find, now: 0 });
        expect(nodes.length).toBeLessThanOrEqual(payload.length + 1);
      } catch (error) {
        expect(error).toBeInstanceOf(DecodeError);
        expect((error as DecodeError).message.length).toBeLessThan(400);
      }
      left -= 1;
      if (left === 0) break;
    }
  },
  timeLimit(3_000),
);
