import fc from 'fast-check';
import { expect, it } from 'vitest';
import { LWM2M_VERSIONS, ObjectModels } from '../../lwm2m/index.ts';
import { batteryLevel, dayCurve } from '../../simulator/curves.ts';
import { ObjectTree, SimulatedDevice } from '../../simulator/index.ts';
import { OBJECT_CATALOGUE } from '../../simulator/objects/catalogue.ts';
import { AttributeStore } from '../../simulator/operations/attribute-store.ts';
import { formatsOf } from '../../simulator/operations/content-formats.ts';
import { answerRequest } from '../../simulator/operations/device-management.ts';
import { SteppedClock } from './stepped-clock.ts';

const wall = fc.integer({ min: 0, max: 4_102_444_800_000 });
const seed = fc.integer({ min: 0, max: 0xffff_ffff });
const facts = () => ({ endpoint: 'dev', lifetime: 60, binding: 'U' });

it('a day curve stays within its bounds and takes no jumps', () => {
  const curve = { mean: 20, amplitude: 5, peakHour: 14, noise: 0.5 };
  fc.assert(
    fc.property(seed, wall, (which, at) => {
      const value = dayCurve(curve, which, at);
      expect(Math.abs(value - 20)).toBeLessThanOrEqual(5.5);
      expect(Math.abs(dayCurve(curve, which, at + 1_000) - value)).toBeLessThan(0.05);
    }),
  );
});

it('a battery is between a tenth and full', () => {
  fc.assert(
    fc.property(seed, wall, (which, at) => {
      const level = batteryLevel(which, at, 90);
      expect(level).toBeGreaterThanOrEqual(10);
      expect(level).toBeLessThanOrEqual(100);
    }),
  );
});

it('a device has the same values in every run, another device has others, and they change with time', () => {
  const at = (endpoint: string, hour: number) => {
    const clock = new SteppedClock(Date.UTC(2026, 5, 1, hour));
    const device = new SimulatedDevice({ server: { host: '127.0.0.1', port: 1 }, endpoint, clock });
    const instance = device.objects.instance(3303, 0);
    const resource = instance?.definition.resources.find(({ id }) => id === 5700);
    return instance && resource && device.objects.read(instance, resource);
  };
  expect(at('a', 12)).toBe(at('a', 12));
  expect(at('a', 12)).not.toBe(at('b', 12));
  expect(at('a', 12)).not.toBe(at('a', 2));
});

it('every readable resource of every object has a value of its type', () => {
  const all = Object.fromEntries([...OBJECT_CATALOGUE.keys()].map((id) => [id, [0]]));
  const tree = new ObjectTree(all, facts, new SteppedClock());
  for (const definition of OBJECT_CATALOGUE.values()) {
    const instance = tree.instance(definition.id, 0);
    for (const resource of definition.resources.filter(({ operations }) => operations.includes('R'))) {
      const content = instance && tree.read(instance, resource);
      const value = content instanceof Map ? [...content.values()][0] : content;
      const kinds: Record<string, string> = {
        string: 'string',
        boolean: 'boolean',
        opaque: 'object',
        objlnk: 'object',
      };
      expect(typeof value, `${definition.id}/0/${resource.id}`).toBe(kinds[resource.type ?? ''] ?? 'number');
    }
  }
});

it('any request whatever is answered with a code, in any version', () => {
  const segment = fc.oneof(fc.constantFrom('1', '3', '5', '19', '3303', '0', '5700', '65535'), fc.string());
  const format = fc.option(fc.constantFrom(0, 40, 42, 60, 110, 112, 320, 11542, 11543, 11544, 50), { nil: undefined });
  fc.assert(
    fc.property(
      fc.constantFrom(...LWM2M_VERSIONS),
      fc.constantFrom('GET', 'PUT', 'POST', 'DELETE', 'FETCH', 'iPATCH', '0.31'),
      fc.array(segment, { maxLength: 5 }),
      fc.array(fc.constantFrom('pmin=1', 'gt', 'lt=x', 'st=-1', 'depth=9', ''), { maxLength: 2 }),
      format,
      format,
      fc.oneof(
        fc.uint8Array({ maxLength: 40 }),
        fc
          .constantFrom('[{"n":"/3303/0"}]', '[{"n":"/19/0/1","v":3}]', '{"e":[]}', '1')
          .map((text) => Buffer.from(text)),
      ),
      (version, method, path, query, accept, contentFormat, payload) => {
        const tree = new ObjectTree({ 1: [0], 3: [0], 5: [], 19: [0], 3303: [0, 65534] }, facts, new SteppedClock());
        const formats = formatsOf(version, undefined);
        const managed = { tree, attributes: new AttributeStore(), version, root: '', formats };
        const request = { method, path, query, accept, contentFormat, payload: Buffer.from(payload) };
        expect(answerRequest(managed, request).code).toMatch(/^[245]\.\d\d$/);
      },
    ),
    { numRuns: 2_000 },
  );
});

it('every resource of the catalogue is as the registry of OMA has it', () => {
  for (const { id, resources, versions } of OBJECT_CATALOGUE.values()) {
    const model = ObjectModels.official().find(id, versions['1.1'], '1.1');
    for (const { id: resourceId, type = 'none', operations, multiple = false } of model ? resources : []) {
      const official = model?.resources.get(resourceId);
      const { read, write, execute } = official?.operations ?? { read: false, write: false, execute: false };
      const letters = `${read ? 'R' : ''}${write ? 'W' : ''}${execute ? 'E' : ''}`;
      expect([official?.type, letters, official?.multiple], `${id}/0/${resourceId}`).toEqual([
        type,
        operations,
        multiple,
      ]);
    }
  }
});

it('an object that cannot be simulated is said so', () => {
  expect(() => new ObjectTree({ 4711: [0] }, facts, new SteppedClock())).toThrow(
    /4711 cannot be simulated; there are 1/,
  );
});
