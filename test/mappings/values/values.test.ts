import { describe, expect, it } from 'vitest';
import { DIALECTS } from '../../../cse-client/index.ts';
import { CONTENT_FORMATS, ObjectModels } from '../../../lwm2m/index.ts';
import {
  CONTENT_INFORMATION,
  contentInformation,
  encapsulatedInstance,
  valueContainerAttributes,
  valueContainerPath,
  valueContent,
  valueInstance,
} from '../../../mappings/index.ts';

const any = DIALECTS.acme;
const texts = DIALECTS.tinyiot;
const AE = 'cse-in/device';

describe('TS-0014 8.2.1: a value as content', () => {
  it.each([
    [20.5, 20.5, '20.5'],
    [0, 0, '0'],
    [-7, -7, '-7'],
    [true, true, 'true'],
    [false, false, 'false'],
    ['text', 'text', 'text'],
    ['', '', ''],
    [9_007_199_254_740_993n, '9007199254740993', '9007199254740993'],
    [Number.NaN, 'NaN', 'NaN'],
    [Number.POSITIVE_INFINITY, 'Infinity', 'Infinity'],
  ])('%s is %o, and %o where the CSE takes texts only', (value, typed, text) => {
    expect(valueContent(value, undefined, any, AE)).toEqual({ con: typed });
    expect(valueContent(value, undefined, texts, AE)).toEqual({ con: text });
  });

  it('opaque is base64 with its contentInfo', () => {
    const expected = { con: 'AQID/w==', cnf: 'application/octet-stream:2' };
    expect(valueContent(Buffer.from([1, 2, 3, 255]), 'opaque', any, AE)).toEqual(expected);
    expect(valueContent(Buffer.from([1, 2, 3, 255]), undefined, texts, AE)).toEqual(expected);
  });

  it('Corelnk is link format', () => {
    const links = '</3/0>;ver=1.1';
    expect(valueContent(links, 'corelnk', any, AE)).toEqual({ con: links, cnf: 'application/link-format:0' });
  });

  it('TS-0014 8.2.2: Objlnk names the target, and refers to its container where the CSE knows conr', () => {
    const link = { objectId: 3303, instanceId: 2 };
    expect(valueContent(link, 'objlnk', texts, AE)).toEqual({ con: '3303:2' });
    expect(valueContent(link, 'objlnk', any, AE)).toEqual({
      con: '3303:2',
      conr: [{ nm: 'ObjectLink', uri: 'cse-in/device/3303_2' }],
    });
  });

  it('the null link refers to nothing', () => {
    expect(valueContent({ objectId: 65_535, instanceId: 65_535 }, 'objlnk', any, AE)).toEqual({ con: '65535:65535' });
  });
});

describe('the time of the device', () => {
  const path = { objectId: 3303, instanceId: 0, resourceId: 5700 };
  const context = { aeAddress: AE, type: 'float', timestamp: (ms: number) => `at ${ms}` } as const;

  it('is a label, and dgt where the CSE knows it', () => {
    const node = { path, value: 1, time: 1000 };
    const lbl = ['LWM2MTIME:1970-01-01T00:00:01.000Z'];
    expect(valueInstance(node, { ...context, form: any })).toEqual({ con: 1, dgt: 'at 1000', lbl });
    expect(valueInstance(node, { ...context, form: texts })).toEqual({ con: '1', lbl });
  });

  it.each([undefined, Number.NaN, 1e300])('%s is none', (time) => {
    const node = { path, value: 1, ...(time === undefined ? {} : { time }) };
    expect(valueInstance(node, { ...context, form: any })).toEqual({ con: 1 });
  });
});

describe('the container of a resource', () => {
  const context = {
    endpoint: 'urn:x y',
    labels: { lwm2m: true, interworking: true, extra: ['site:7'] },
    accessControlPolicies: ['acp1'],
    expirationTime: '20300101T000000',
    maxInstances: 10,
    definition: ObjectModels.official().find(3303, '1.1'),
  };

  it('TS-0014 8.2.1: stands below the container of its instance, the instances of a resource below it', () => {
    expect(valueContainerPath({ objectId: 3303, instanceId: 0 })).toBe('3303_0');
    expect(valueContainerPath({ objectId: 3303, instanceId: 0, resourceId: 5700 })).toBe('3303_0/5700');
    const path = { objectId: 3, instanceId: 0, resourceId: 7, resourceInstanceId: 1 };
    expect(valueContainerPath(path)).toBe('3_0/7/1');
    expect(valueContainerAttributes(path, context).rn).toBe('1');
  });

  it('says what the object model says, each fact to be searched whole', () => {
    const attributes = valueContainerAttributes({ objectId: 3303, instanceId: 0, resourceId: 5605 }, context);
    expect(attributes).toEqual({
      rn: '5605',
      lbl: [
        'LWM2MURI:/3303/0/5605',
        'LWM2MNAME:Reset%20Min%20and%20Max%20Measured%20Values',
        'LWM2MOP:E',
        'LWM2MEP:urn:x%20y',
        'Iwked-Technology:LWM2M',
        'Iwked-Entity-ID:/3303/0/5605',
        'site:7',
      ],
      acpi: ['acp1'],
      et: '20300101T000000',
      mni: 10,
    });
  });

  it('names unit, type and operations', () => {
    const definition = ObjectModels.official().find(3, '1.1');
    const { lbl } = valueContainerAttributes({ objectId: 3, instanceId: 0, resourceId: 9 }, { ...context, definition });
    expect(lbl).toEqual(expect.arrayContaining(['LWM2MTYPE:integer', 'LWM2MOP:R']));
    expect(lbl?.find((label) => label.startsWith('LWM2MUNIT:'))).toMatch(/^LWM2MUNIT:[!-~]+$/);
    const time = valueContainerAttributes({ objectId: 3, instanceId: 0, resourceId: 13 }, { ...context, definition });
    expect(time.lbl).toEqual(expect.arrayContaining(['LWM2MTYPE:time', 'LWM2MOP:R', 'LWM2MOP:W']));
  });

  it('of an unknown resource has its path and its endpoint', () => {
    const quiet = { lwm2m: true, interworking: false, extra: [] };
    const path = { objectId: 3303, instanceId: 0, resourceId: 60_000 };
    expect(valueContainerAttributes(path, { ...context, labels: quiet }).lbl).toEqual([
      'LWM2MURI:/3303/0/60000',
      'LWM2MEP:urn:x%20y',
    ]);
    const unknown = { ...context, definition: undefined, labels: { ...quiet, lwm2m: false } };
    expect(valueContainerAttributes(path, unknown).lbl).toEqual(['LWM2MEP:urn:x%20y']);
  });
});

describe('TS-0014 table 7.2-1: an encapsulated instance', () => {
  it('carries the label, and contentInfo by its content format', () => {
    expect(encapsulatedInstance({ format: 11_542, payload: Buffer.from([0xc1, 0, 1]) })).toEqual({
      con: 'wQAB',
      cnf: 'application/vnd.oma.lwm2m+tlv:2',
      lbl: ['LWM2M-Object-Encapsulation'],
    });
    expect(encapsulatedInstance({ format: 110, payload: Buffer.from('[]') })).toMatchObject({
      con: '[]',
      cnf: 'application/senml+json:0',
    });
  });

  it('every content format has its contentInfo, of its media type, as text where it is text', () => {
    for (const { format, mediaType, text } of CONTENT_FORMATS.values()) {
      const row = CONTENT_INFORMATION.find((one) => one.format === format);
      expect([format, row?.contentInfo]).toEqual([format, `${mediaType}:${text ? 0 : 2}`]);
      expect(row?.text).toBe(text);
    }
  });

  it('one that nobody knows is some binary', () => {
    expect(contentInformation(65_000)).toMatchObject({ contentInfo: 'application/octet-stream:2', text: false });
  });
});
