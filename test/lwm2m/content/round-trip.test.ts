import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { type ContentContext, decodeContent, encodeContent } from '../../../lwm2m/content/content.ts';
import { CONTENT_FORMATS } from '../../../lwm2m/content/content-formats.ts';
import type { Node, Value } from '../../../lwm2m/content/value.ts';
import { formatPath, type Path } from '../../../lwm2m/model/path.ts';
import { anyNode, anyValueOf } from './arbitraries.ts';
import { ALL_TYPES, find, TYPES } from './models.ts';

const NOW = Date.UTC(2026, 10, 21);
const instance: Path = { objectId: ALL_TYPES.id, instanceId: 0 };
const formats = [...CONTENT_FORMATS.values()];

const nodesOf = (instances?: fc.Arbitrary<number>): fc.Arbitrary<Node[]> =>
  fc.uniqueArray(anyNode(instances), { maxLength: 25, selector: ({ path }) => formatPath(path) });

/** -0 and 0 are one integer; paths in one order. */
function inOrder(nodes: readonly Node[]): Node[] {
  return nodes
    .map((node) =>
      Object.is(node.value, -0) && node.path.resourceId !== 3 && node.path.resourceId !== 303
        ? { ...node, value: 0 }
        : node,
    )
    .sort((a, b) => (formatPath(a.path) < formatPath(b.path) ? -1 : 1));
}

/** A float that JSON would write like a large integer is no float any more to who knows no type. */
function isItsOwnType(value: Value): boolean {
  return typeof value !== 'number' || !Number.isInteger(value) || Number.isSafeInteger(value);
}

function comesBack(format: number, nodes: readonly Node[], context: ContentContext): void {
  const payload = encodeContent(format, nodes, context);
  expect(inOrder(decodeContent(format, payload, context))).toEqual(inOrder(nodes));
}

describe('what is encoded comes back', () => {
  for (const { format, mediaType, single } of formats.filter(
    (row) => row.codec !== 'links' && row.codec !== 'opaque',
  )) {
    if (single) {
      for (const [index, type] of TYPES.entries()) {
        test(`any ${type} in ${mediaType}`, () => {
          const path = { ...instance, resourceId: index };
          fc.assert(
            fc.property(anyValueOf(type), (value) => comesBack(format, [{ path, value }], { base: path, find })),
            { numRuns: 60 },
          );
        });
      }
      continue;
    }
    test(`an instance with values of all types in ${mediaType} (${format})`, () => {
      fc.assert(
        fc.property(nodesOf(), (nodes) => comesBack(format, nodes, { base: instance, find })),
        { numRuns: 100 },
      );
    });

    test(`several instances of an object in ${mediaType} (${format})`, () => {
      fc.assert(
        fc.property(nodesOf(fc.constantFrom(0, 1, 2, 65_534)), (nodes) =>
          comesBack(format, nodes, { base: { objectId: ALL_TYPES.id }, find, rootPath: '/lwm2m' }),
        ),
        { numRuns: 60 },
      );
    });
  }

  test('opaque values in octet-stream, links in link-format', () => {
    const path = { ...instance, resourceId: 5 };
    fc.assert(fc.property(anyValueOf('opaque'), (value) => comesBack(42, [{ path, value }], { base: path, find })));
    const links = { ...instance, resourceId: 8 };
    fc.assert(
      fc.property(anyValueOf('corelnk'), (value) => comesBack(40, [{ path: links, value }], { base: links, find })),
    );
  });

  for (const { format, mediaType } of formats.filter(({ timed }) => timed)) {
    test(`a history in order of time in ${mediaType} (${format})`, () => {
      const moment = fc.integer({ min: 1, max: NOW + 1_000_000_000 });
      const history = fc
        .array(fc.tuple(anyNode(), moment))
        .map((rows) =>
          rows.map(([node, time]): Node => ({ ...node, time })).sort((a, b) => (a.time as number) - (b.time as number)),
        );
      fc.assert(
        fc.property(history, (nodes) => {
          const context = { base: instance, find, now: NOW };
          const found = decodeContent(format, encodeContent(format, nodes, context), context);
          expect(found.map(({ path, time }) => [path, time])).toEqual(nodes.map(({ path, time }) => [path, time]));
        }),
        { numRuns: 100 },
      );
    });

    test(`values with and without a time in ${mediaType} (${format}): none gets a time it did not have`, () => {
      const context = { base: instance, find, now: NOW };
      const timed: Node = { path: { ...instance, resourceId: 1 }, value: 1, time: NOW - 5000 };
      const untimed: Node = { path: { ...instance, resourceId: 2 }, value: 2 };
      expect(decodeContent(format, encodeContent(format, [untimed, timed], context), context)).toEqual([
        timed,
        untimed,
      ]);
    });
  }

  test('values of unknown resources, in the formats that say their type', () => {
    const path = { objectId: 50_000, instanceId: 1, resourceId: 2 };
    for (const format of [110, 112, 11544]) {
      for (const type of ['string', 'integer', 'unsigned', 'boolean', 'float'] as const) {
        fc.assert(
          fc.property(anyValueOf(type).filter(isItsOwnType), (value) =>
            comesBack(format, [{ path, value: value === 0 ? 0 : value }], { base: path }),
          ),
          { numRuns: 30 },
        );
      }
    }
    fc.assert(fc.property(anyValueOf('opaque'), (value) => comesBack(11542, [{ path, value }], { base: path })));
  });
});
