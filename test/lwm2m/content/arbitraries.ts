import fc from 'fast-check';
import type { Node, Value } from '../../../lwm2m/content/value.ts';
import { ALL_TYPES, TYPES } from './models.ts';

/** An integer of 64 bits as Value holds it. */
function integers(min: bigint, max: bigint): fc.Arbitrary<number | bigint> {
  const exact = (value: bigint): number | bigint => (Number.isSafeInteger(Number(value)) ? Number(value) : value);
  return fc.oneof(
    fc.bigInt({ min, max }).map(exact),
    fc.integer().filter((value) => value >= min),
    fc.nat({ max: 300 }),
    fc.constantFrom(min, max).map(exact),
  );
}

const text = fc.oneof(fc.string({ unit: 'grapheme' }), fc.string({ unit: 'grapheme-ascii', maxLength: 300 }));

const BY_TYPE: Readonly<Record<(typeof TYPES)[number], fc.Arbitrary<Value>>> = {
  string: text,
  corelnk: text,
  integer: integers(-(2n ** 63n), 2n ** 63n - 1n),
  unsigned: integers(0n, 2n ** 64n - 1n),
  time: integers(-(2n ** 63n), 2n ** 63n - 1n),
  float: fc.oneof(
    fc.double({ noNaN: true, noDefaultInfinity: true }),
    fc.float({ noNaN: true, noDefaultInfinity: true }),
  ),
  boolean: fc.boolean(),
  opaque: fc.uint8Array({ maxLength: 300 }).map((bytes) => Buffer.from(bytes)),
  objlnk: fc.record(
    { objectId: fc.nat({ max: 65_535 }), instanceId: fc.nat({ max: 65_535 }) },
    { noNullPrototype: true },
  ),
};

/** Any value of a type that every format can express. */
export function anyValueOf(type: (typeof TYPES)[number]): fc.Arbitrary<Value> {
  return BY_TYPE[type];
}

/** Any value of a resource or resource instance of an instance of the object with all types. */
export function anyNode(instanceId: fc.Arbitrary<number> = fc.constant(0)): fc.Arbitrary<Node> {
  return fc
    .tuple(instanceId, fc.nat({ max: TYPES.length - 1 }), fc.option(fc.nat({ max: 65_534 }), { nil: undefined }))
    .chain(([instance, index, resourceInstanceId]) => {
      const above = { objectId: ALL_TYPES.id, instanceId: instance };
      const path =
        resourceInstanceId === undefined
          ? { ...above, resourceId: index }
          : { ...above, resourceId: 300 + index, resourceInstanceId };
      return anyValueOf(TYPES[index] as (typeof TYPES)[number]).map((value) => ({ path, value }));
    });
}
