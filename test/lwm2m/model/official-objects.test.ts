import { readFileSync, statSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import type { ObjectDefinition } from '../../../lwm2m/model/definition.ts';
import { ObjectModels } from '../../../lwm2m/model/object-models.ts';
import { OFFICIAL_OBJECTS } from '../../../lwm2m/model/official-objects.generated.ts';
import { packDefinition, unpackDefinition } from '../../../lwm2m/model/packed-definition.ts';

const GENERATED = new URL('../../../lwm2m/model/official-objects.generated.ts', import.meta.url);
const SCRIPT = new URL('../../../scripts/generate-object-models.mjs', import.meta.url);

const models = ObjectModels.official();
const all = OFFICIAL_OBJECTS.map(unpackDefinition);
const ids = [...new Set(all.map(({ id }) => id))];

function object(id: number, version: string): ObjectDefinition {
  const found = all.find((one) => one.id === id && one.version === version);
  return found as ObjectDefinition;
}

/** A resource as the registry writes it: name, operations, multiple, mandatory, type, range, units. */
function row(definition: ObjectDefinition, id: number): unknown[] {
  const resource = definition.resources.get(id);
  if (!resource) return [];
  const { read, write, execute } = resource.operations;
  const operations = `${read ? 'R' : ''}${write ? 'W' : ''}${execute ? 'E' : ''}`;
  const { name, multiple, mandatory, type, range = '', units = '' } = resource;
  return [name, operations, multiple ? 'Multiple' : 'Single', mandatory ? 'Mandatory' : 'Optional', type, range, units];
}

describe('official object definitions', () => {
  test('are complete: no fewer objects, versions and resources than the registry had', () => {
    expect(ids.length).toBeGreaterThanOrEqual(325);
    expect(all.length).toBeGreaterThanOrEqual(422);
    expect(all.reduce((sum, { resources }) => sum + resources.size, 0)).toBeGreaterThanOrEqual(4_450);
  });

  test('have a URN each that names object and version, none twice', () => {
    expect(new Set(all.map(({ urn }) => urn)).size).toBe(all.length);
    for (const { id, urn, version } of all) {
      const [, , , kind, urnId, urnVersion] = urn.split(':');
      expect(['oma', 'ext', 'x']).toContain(kind);
      expect([Number(urnId), urnVersion ?? '1.0'], urn).toEqual([id, version]);
    }
  });

  test('are sound: names, ids in range and in order, types where a server reads or writes', () => {
    const untyped: string[] = [];
    for (const { id, version, name, resources } of all) {
      expect(name).not.toBe('');
      const numbers = [...resources.keys()];
      expect(numbers).toEqual([...numbers].sort((a, b) => a - b));
      for (const [key, resource] of resources) {
        expect(resource.id).toBe(key);
        expect(resource.name).not.toBe('');
        expect(key).toBeLessThanOrEqual(65_534);
        const { read, write, execute } = resource.operations;
        if (execute && !read && !write) expect(resource.type).toBe('none');
        else if (resource.type === 'none') untyped.push(`${id}/${version}/${key}`);
      }
    }
    expect(untyped).toEqual(['10482/1.0/5']);
  });

  test('are found one by one, under every version', () => {
    for (const definition of all) {
      const found = models.find(definition.id, definition.version) as ObjectDefinition;
      const own = [...found.resources].filter(([, { since }]) => since === undefined);
      expect({ ...found, resources: new Map(own) }).toEqual(definition);
    }
    expect(models.find(3303, '1.1')).toBe(models.find(3303, '1.1'));
  });

  test.each([
    [0, ['1.0', '1.1', '1.2']],
    [1, ['1.0', '1.1', '1.2']],
    [2, ['1.0', '1.1']],
    [3, ['1.0', '1.1', '1.2']],
    [4, ['1.0', '1.1', '1.2', '1.3']],
    [5, ['1.0', '1.1', '1.2']],
    [6, ['1.0']],
    [7, ['1.0']],
    [9, ['1.0']],
    [21, ['1.0', '1.1', '2.0']],
  ])('hold core object %i in each of its versions', (id, versions) => {
    expect(models.versions(id)).toEqual(expect.arrayContaining(versions));
  });

  test('Server (1) is as the registry describes it', () => {
    const server = object(1, '1.2');
    expect({ ...server, resources: server.resources.size }).toEqual({
      id: 1,
      name: 'LwM2M Server',
      urn: 'urn:oma:lwm2m:oma:1:1.2',
      version: '1.2',
      lwm2mVersion: '1.2',
      multiple: true,
      mandatory: true,
      resources: 28,
    });
    expect(row(server, 0)).toEqual(['Short Server ID', 'R', 'Single', 'Mandatory', 'integer', '1..65534', '']);
    expect(row(server, 4)).toEqual(['Disable', 'E', 'Single', 'Optional', 'none', '', '']);
    expect(row(server, 10)).toEqual(['APN Link', 'RW', 'Single', 'Optional', 'objlnk', '', '']);
    expect(row(server, 12)).toEqual(['Last Bootstrapped', 'R', 'Single', 'Optional', 'time', '', '']);
    expect(row(server, 14)).toEqual([
      'Initial Registration Delay Timer',
      'RW',
      'Single',
      'Optional',
      'unsigned',
      '',
      's',
    ]);
    expect([...object(1, '1.0').resources.keys()]).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8]);
    expect(object(1, '1.0').lwm2mVersion).toBeUndefined();
  });

  test('Device (3) is as the registry describes it', () => {
    const device = object(3, '1.2');
    expect([device.name, device.multiple, device.mandatory, device.resources.size]).toEqual([
      'Device',
      false,
      true,
      23,
    ]);
    expect(row(device, 6)).toEqual(['Available Power Sources', 'R', 'Multiple', 'Optional', 'integer', '0..7', '']);
    expect(row(device, 11)).toEqual(['Error Code', 'R', 'Multiple', 'Mandatory', 'integer', '0..32', '']);
    expect(row(device, 13)).toEqual(['Current Time', 'RW', 'Single', 'Optional', 'time', '', '']);
    expect(row(object(3, '1.0'), 7)).toEqual([
      'Power Source Voltage',
      'R',
      'Multiple',
      'Optional',
      'integer',
      '',
      'mV',
    ]);
    const mandatory = [...device.resources.values()].filter((resource) => resource.mandatory);
    expect(mandatory.map(({ id }) => id)).toEqual([4, 11, 16]);
  });

  test('Firmware Update (5) is as the registry describes it', () => {
    const firmware = object(5, '1.2');
    expect(firmware.urn).toBe('urn:oma:lwm2m:oma:5:1.2');
    expect(row(firmware, 0)).toEqual(['Package', 'W', 'Single', 'Mandatory', 'opaque', '', '']);
    expect(row(firmware, 1)).toEqual(['Package URI', 'RW', 'Single', 'Mandatory', 'string', '0..255', '']);
    expect(row(firmware, 14)).toEqual(['Automatic Upgrade at Download', 'RW', 'Single', 'Optional', 'boolean', '', '']);
    expect(row(object(5, '1.0'), 5)).toEqual(['Update Result', 'R', 'Single', 'Mandatory', 'integer', '0..9', '']);
    expect(object(5, '1.0').resources.has(10)).toBe(false);
  });

  test('Temperature (3303) and Light Control (3311) are as the registry describes them', () => {
    const temperature = object(3303, '1.1');
    expect(temperature.urn).toBe('urn:oma:lwm2m:ext:3303:1.1');
    expect(temperature.multiple).toBe(true);
    expect(row(temperature, 5700)).toEqual(['Sensor Value', 'R', 'Single', 'Mandatory', 'float', '', '']);
    expect(row(temperature, 5518)).toEqual(['Timestamp', 'R', 'Single', 'Optional', 'time', '', '']);
    expect(object(3303, '1.0').resources.has(5518)).toBe(false);
    const light = object(3311, '1.0');
    expect(light.urn).toBe('urn:oma:lwm2m:ext:3311');
    expect(row(light, 5850)).toEqual(['On/Off', 'RW', 'Single', 'Mandatory', 'boolean', '', '']);
    expect(row(light, 5851)).toEqual(['Dimmer', 'RW', 'Single', 'Optional', 'integer', '0..100', '/100']);
  });

  test('are packed into less than 700 kB, in a form that gives every definition back', () => {
    expect(statSync(GENERATED).size).toBeLessThan(700_000);
    expect(all.map(packDefinition)).toEqual(OFFICIAL_OBJECTS);
  });

  test.skipIf(!process.env.LWM2M_REGISTRY)('are what the script makes of the registry folder', async () => {
    const { generate } = (await import(SCRIPT.href)) as { generate: (folder: string, parts: object) => string };
    const { readObjectXml } = await import('../../../lwm2m/model/object-xml.ts');
    const text = generate(process.env.LWM2M_REGISTRY as string, { readObjectXml, packDefinition });
    expect(text).toBe(readFileSync(GENERATED, 'utf8'));
  });
});
