import { mkdir, mkdtemp, rm, symlink, truncate, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { type LogFields, type Logger, silentLogger } from '../../../common/index.ts';
import { ObjectModels } from '../../../lwm2m/model/object-models.ts';
import { objectXml } from './object-file.ts';

const official = ObjectModels.official();

describe('the version that a registration means', () => {
  test.each([
    [3, '1.0', '1.1'],
    [4, '1.3', '1.0'],
    [3303, '1.1', '1.0'],
    [15, '2.0', '1.1'],
  ] as const)('object %i listed with ver=%s is that version, whatever the LwM2M version', (id, ver, lwm2mVersion) => {
    expect(official.find(id, ver, lwm2mVersion)?.version).toBe(ver);
  });

  test.each([
    ['1.0', { 0: '1.0', 1: '1.0', 2: '1.0', 3: '1.0', 4: '1.0', 5: '1.0', 6: '1.0', 7: '1.0' }],
    ['1.1', { 0: '1.1', 1: '1.1', 2: '1.0', 3: '1.1', 4: '1.2', 5: '1.0', 6: '1.0', 7: '1.0', 21: '1.0' }],
    ['1.2', { 0: '1.2', 1: '1.2', 2: '1.1', 3: '1.2', 4: '1.3', 5: '1.1', 6: '1.0', 7: '1.0', 21: '1.1' }],
  ] as const)('a core object without ver is the one of LwM2M %s (LwM2M 1.2 7.2.3)', (lwm2mVersion, versions) => {
    const found = Object.keys(versions).map((id) => [id, official.find(Number(id), undefined, lwm2mVersion)?.version]);
    expect(Object.fromEntries(found)).toEqual(versions);
  });

  test('a client that says no LwM2M version means the core objects of 1.0', () => {
    expect(official.find(1)?.version).toBe('1.0');
  });

  test('any other object without ver is version 1.0 (LwM2M 1.1 7.2.3)', () => {
    for (const lwm2mVersion of ['1.0', '1.1', '1.2'] as const) {
      expect(official.find(3303, undefined, lwm2mVersion)?.version).toBe('1.0');
      expect(official.find(15, undefined, lwm2mVersion)?.version).toBe('1.0');
    }
  });

  test('a newer minor version than known is the newest known one of the same major version', () => {
    expect(official.find(3, '1.9')?.version).toBe('1.2');
    expect(official.find(20, '2.7')?.version).toBe('2.1');
  });

  test('an unknown major version, and an unknown object, are undefined', () => {
    expect(official.find(3, '2.0')).toBeUndefined();
    expect(official.find(65_000)).toBeUndefined();
    expect(official.find(65_000, '1.0')).toBeUndefined();
    expect(official.versions(65_000)).toEqual([]);
  });

  test('a resource that only later minor versions have is described as they do, and said to be later', () => {
    const temperature = official.find(3303);
    expect(temperature).toMatchObject({ version: '1.0', urn: 'urn:oma:lwm2m:ext:3303' });
    expect(temperature?.resources.get(5518)).toMatchObject({ name: 'Timestamp', type: 'time', since: '1.1' });
    expect(temperature?.resources.get(5700)).toEqual(official.find(3303, '1.1')?.resources.get(5700));
    expect(temperature?.resources.get(5700)).not.toHaveProperty('since');
    const ids = [...(temperature?.resources.keys() ?? [])];
    expect(ids).toEqual([...ids].sort((a, b) => a - b));
    expect(official.find(3303)).toBe(temperature);
  });

  test('a resource of a later major version is not: there an ID may mean something else', () => {
    const later = [...(official.find(20, '1.0')?.resources.values() ?? [])].map(({ since }) => since);
    expect(official.versions(20)).toContain('2.0');
    expect(later.filter((since) => since?.startsWith('2.'))).toEqual([]);
  });

  test.each(['', '1', 'x', '1.0.0', '-1.0', '1.0 ', '999999.0'])(
    'ver="%s" is no version and counts as absent',
    (ver) => {
      expect(official.find(3, ver, '1.1')?.version).toBe('1.1');
    },
  );
});

describe('own object definitions', () => {
  let folder: string;
  let warnings: { message: string; fields: LogFields }[];
  let logger: Logger;

  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'object-models-'));
    warnings = [];
    logger = { ...silentLogger, warn: (message, fields = {}) => warnings.push({ message, fields }) };
  });

  afterEach(() => rm(folder, { recursive: true, force: true }));

  const put = (name: string, text: string | Uint8Array): Promise<void> => writeFile(join(folder, name), text);

  test('add an object, and leave the official ones and the models they were added to as they were', async () => {
    await put('33000.xml', objectXml({ id: 33_000, name: 'Own' }));
    const models = await official.withFolder(folder, logger);
    expect(models.find(33_000)?.name).toBe('Own');
    expect(models.find(3303, '1.1')).toBe(official.find(3303, '1.1'));
    expect(official.find(33_000)).toBeUndefined();
    expect(ObjectModels.official()).toBe(official);
    expect(warnings).toEqual([]);
  });

  test('replace the same version of an official object and add further versions to it', async () => {
    await put('a.xml', objectXml({ id: 3303, version: '1.1', name: 'Ours' }));
    await put('b.xml', objectXml({ id: 3303, version: '1.4', name: 'Newer' }));
    const models = await official.withFolder(folder, logger);
    expect(models.versions(3303)).toEqual(['1.0', '1.1', '1.4']);
    expect(models.find(3303, '1.1')?.name).toBe('Ours');
    expect(models.find(3303, '1.0')?.name).toBe('Temperature');
    expect(official.find(3303, '1.1')?.name).toBe('Temperature');
  });

  test('of an object in later versions only: the lowest without ver, the next newer minor version for a missing one', async () => {
    for (const version of ['2.4', '2.10', '3.0']) await put(`${version}.xml`, objectXml({ id: 33_000, version }));
    const models = await official.withFolder(folder, logger);
    expect(models.versions(33_000)).toEqual(['2.4', '2.10', '3.0']);
    expect(models.find(33_000)?.version).toBe('2.4');
    expect(models.find(33_000, '2.0')?.version).toBe('2.4');
    expect(models.find(33_000, '2.5')?.version).toBe('2.10');
    expect(models.find(33_000, '2.11')?.version).toBe('2.10');
    expect(models.find(33_000, '1.0')).toBeUndefined();
  });

  test('that are broken are reported with their file name and the reason, and the others load', async () => {
    await put('1-cut.xml', objectXml({ id: 33_001 }).slice(0, -20));
    await put('2-other.xml', '<DDFList/>');
    await put('3-latin1.xml', new Uint8Array([0x3c, 0x61, 0x3e, 0xe9]));
    await put('4-good.XML', objectXml({ id: 33_004 }));
    await put('5-again.xml', objectXml({ id: 33_004, name: 'Second' }));
    await put('6-large.xml', '');
    await truncate(join(folder, '6-large.xml'), 1_048_577);
    await mkdir(join(folder, '7-folder.xml'));
    await symlink(join(folder, 'nowhere'), join(folder, '8-dangling.xml'));
    await put('notes.txt', 'not read');
    await put('.hidden.xml', 'not read');
    const models = await official.withFolder(folder, logger);
    expect(models.find(33_004)?.name).toBe('Object');
    expect(models.find(33_001)).toBeUndefined();
    expect(warnings.map(({ fields }) => [fields.file, fields.code])).toEqual([
      ['1-cut.xml', 'lwm2m/xml'],
      ['2-other.xml', 'lwm2m/object-xml'],
      ['3-latin1.xml', 'lwm2m/model-file'],
      ['5-again.xml', 'lwm2m/object-xml'],
      ['6-large.xml', 'lwm2m/model-file'],
      ['7-folder.xml', 'lwm2m/model-file'],
      ['8-dangling.xml', 'lwm2m/model-file'],
    ]);
    for (const { fields } of warnings) expect(fields.reason).toMatch(/./);
    expect(warnings[0]?.fields.reason).toContain('1-cut.xml');
  });

  test('are found where a file is a link to another place, as mounted configuration is', async () => {
    await mkdir(join(folder, '..data'));
    await put('..data/33000.xml', objectXml({ id: 33_000 }));
    await symlink(join(folder, '..data', '33000.xml'), join(folder, '33000.xml'));
    expect((await official.withFolder(folder, logger)).find(33_000)).toBeDefined();
    expect(warnings).toEqual([]);
  });

  test('in a folder that is not there are an IpeError that names it', async () => {
    await expect(official.withFolder(join(folder, 'missing'), logger)).rejects.toMatchObject({
      code: 'lwm2m/model-folder',
      details: { folder: join(folder, 'missing') },
    });
  });

  test('are read anew by another call', async () => {
    await put('a.xml', objectXml({ id: 33_000, name: 'Before' }));
    const before = await official.withFolder(folder, logger);
    await put('a.xml', objectXml({ id: 33_000, name: 'After' }));
    const after = await official.withFolder(folder, logger);
    expect([before.find(33_000)?.name, after.find(33_000)?.name]).toEqual(['Before', 'After']);
  });

  test('that were whole before and are broken now stay as they were; those whose file has gone go', async () => {
    await put('a.xml', objectXml({ id: 33_000, name: 'Before' }));
    await put('b.xml', objectXml({ id: 33_001 }));
    const before = await official.withFolder(folder, logger);
    expect(before.own).toBe(2);
    await put('a.xml', objectXml({ id: 33_000, name: 'Half written' }).slice(0, 100));
    await rm(join(folder, 'b.xml'));
    const after = await official.withFolder(folder, logger, before);
    expect([after.find(33_000)?.name, after.find(33_001), after.own]).toEqual(['Before', undefined, 1]);
    expect(warnings.map(({ message, fields }) => [message, fields.file])).toEqual([
      ['an object definition is kept as it was', 'a.xml'],
    ]);
  });
});
