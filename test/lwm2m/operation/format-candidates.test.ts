import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  LWM2M_VERSIONS,
  type Lwm2mVersion,
  type Operation,
  type Path,
  parsePath,
  type Registration,
} from '../../../lwm2m/index.ts';
import { formatCandidates } from '../../../lwm2m/operation/format-candidates.ts';
import { FormatMemory } from '../../../lwm2m/operation/format-memory.ts';
import { aRegistration, objectLinks } from '../../support/registration.ts';

const id = fc.integer({ min: 0, max: 65_534 });
const aPath: fc.Arbitrary<Path> = fc.oneof(
  fc.record({ objectId: id }),
  fc.record({ objectId: id, instanceId: id }),
  fc.record({ objectId: id, instanceId: id, resourceId: id }),
  fc.record({ objectId: id, instanceId: id, resourceId: id, resourceInstanceId: id }),
);
const aVersion = fc.constantFrom(...LWM2M_VERSIONS);

const registration = (parts: Partial<Registration> = {}, formats: readonly number[] = []): Registration =>
  aRegistration({ objectLinks: objectLinks([], formats), ...parts });

describe('formats to try', () => {
  const candidates = (
    operation: Operation,
    version: Lwm2mVersion,
    formats: readonly number[],
    memory = new FormatMemory(),
  ) => formatCandidates(operation, registration({ version }, formats), memory);
  const one = { path: parsePath('/3/0/15'), value: 'UTC' };

  test('a Read asks for what the device lists, then leaves it to the device', () => {
    const read: Operation = { type: 'read', path: parsePath('/3/0') };
    expect(candidates(read, '1.1', [60, 110, 112, 11542])).toEqual([112, 110, 11542, undefined]);
    expect(candidates(read, '1.1', [])).toEqual([undefined]);
    expect(candidates(read, '1.0', [11543])).toEqual([11543, undefined]);
  });

  test('the names of the TS-0014 draft are understood', () => {
    const { objectLinks } = registration();
    const named = { ...objectLinks, contentFormatNames: ['LWM2M+JSON'] };
    const read: Operation = { type: 'read', path: parsePath('/3/0') };
    expect(formatCandidates(read, registration({ objectLinks: named }), new FormatMemory())).toEqual([
      11543,
      undefined,
    ]);
  });

  test('a Write without a hint is TLV in 1.0, text of one resource and SenML of several from 1.1 on', () => {
    const single: Operation = { type: 'write', path: one.path, mode: 'replace', nodes: [one] };
    const several: Operation = { type: 'write', path: parsePath('/3/0'), mode: 'partial', nodes: [one] };
    expect(candidates(single, '1.0', [])).toEqual([11542, 0]);
    expect(candidates(single, '1.1', [])[0]).toBe(0);
    expect(candidates({ ...single, nodes: [{ ...one, value: Buffer.alloc(1) }] }, '1.1', [])[0]).toBe(42);
    expect(candidates(several, '1.0', [])[0]).toBe(11542);
    expect(candidates(several, '1.1', [])[0]).toBe(112);
  });

  test('a Write is in what the device was seen to write itself', () => {
    const memory = new FormatMemory();
    memory.answered(110);
    const several: Operation = { type: 'write', path: parsePath('/3/0'), mode: 'partial', nodes: [one] };
    expect(candidates(several, '1.1', [], memory)[0]).toBe(110);
  });

  test('a Create that leaves the number to the device is TLV, which alone can leave it out', () => {
    const create: Operation = { type: 'create', path: { objectId: 3303 }, nodes: [] };
    expect(candidates(create, '1.1', [110, 112, 11542])[0]).toBe(11542);
    expect(candidates(create, '1.1', [110])[0]).toBe(110);
  });

  test('there is always something to try, and nothing twice', () => {
    const anOperation = fc.oneof(
      aPath.map((path): Operation => ({ type: 'read', path })),
      aPath.map((path): Operation => ({ type: 'write', path, mode: 'replace', nodes: [{ path, value: 1 }] })),
      aPath.map((path): Operation => ({ type: 'create', path, nodes: [] })),
      aPath.map((path): Operation => ({ type: 'read-composite', paths: [path] })),
    );
    const aFormat = fc.constantFrom(0, 42, 60, 110, 112, 11542, 11543, 11544);
    fc.assert(
      fc.property(
        anOperation,
        aVersion,
        fc.array(aFormat),
        fc.array(aFormat),
        (operation, version, listed, refused) => {
          const memory = new FormatMemory();
          const scope = 'path' in operation ? operation.path : undefined;
          for (const format of refused) {
            memory.refuse('read', format, scope, true);
            memory.refuse('write', format, scope, true);
          }
          const formats = candidates(operation, version, listed, memory);
          expect(formats.length).toBeGreaterThan(0);
          expect(new Set(formats).size).toBe(formats.length);
        },
      ),
    );
  });

  test('what a device refuses is remembered within bounds', () => {
    const memory = new FormatMemory();
    for (let instanceId = 0; instanceId < 1_000; instanceId += 1) {
      memory.refuse('read', 42, { objectId: 3, instanceId, resourceId: 0 }, true);
    }
    expect(memory.isRefused('read', 42, { objectId: 3, instanceId: 0, resourceId: 0 })).toBe(false);
    expect(memory.isRefused('read', 42, { objectId: 3, instanceId: 999, resourceId: 0 })).toBe(true);
  });
});
