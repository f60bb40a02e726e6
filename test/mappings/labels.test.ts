import { describe, expect, it } from 'vitest';
import { containerLabels, endpointLabels, labelValue, objectName, objectUrn } from '../../mappings/index.ts';

const lwm2mOnly = { lwm2m: true, interworking: false, extra: [] };
const both = { lwm2m: true, interworking: true, extra: ['site:north'] };
const plain = { rootPath: '/', contentFormats: [], contentFormatNames: [], links: [] };

describe('labels', () => {
  it('TS-0014 6.3.2: the example of the draft, with its slips corrected', () => {
    const objectLinks = { ...plain, rootPath: '/lwm2m', contentFormatNames: ['LWM2M+JSON'] };
    expect(containerLabels('dev1', { objectId: 1, instanceId: 0 }, objectLinks, lwm2mOnly)).toEqual([
      'LWM2MRT:urn:oma:lwm2m:oma:1',
      'LWM2MPTH:/lwm2m',
      'LWM2MURI:/1/0',
      'LWM2MCT:LWM2M+JSON',
      'LWM2MEP:dev1',
    ]);
  });

  it('TS-0014 6.3.2: without a content format the default is LwM2M TLV, without a root path it is /', () => {
    const labels = containerLabels('dev1', { objectId: 5 }, plain, lwm2mOnly);
    expect(labels).toContain('LWM2MPTH:/');
    expect(labels).toContain('LWM2MURI:/5');
    expect(labels).toContain('LWM2MCT:application/vnd.oma.lwm2m+tlv');
  });

  it('each listed content format is a label of its own, by media type', () => {
    const labels = containerLabels(
      'dev1',
      { objectId: 3 },
      { ...plain, contentFormats: [60, 110, 112, 11542, 11543, 9999] },
      lwm2mOnly,
    );
    expect(labels.filter((label) => label.startsWith('LWM2MCT:'))).toEqual([
      'LWM2MCT:application/cbor',
      'LWM2MCT:application/senml+json',
      'LWM2MCT:application/senml+cbor',
      'LWM2MCT:application/vnd.oma.lwm2m+tlv',
      'LWM2MCT:application/vnd.oma.lwm2m+json',
      'LWM2MCT:9999',
    ]);
  });

  it('the version of an object adds the URN that carries it', () => {
    const labels = containerLabels('dev1', { objectId: 3, instanceId: 0, version: '1.2' }, plain, both);
    expect(labels).toEqual(
      expect.arrayContaining([
        'LWM2MRT:urn:oma:lwm2m:oma:3',
        'LWM2MRT:urn:oma:lwm2m:oma:3:1.2',
        'Iwked-Technology:LWM2M',
        'Iwked-Entity-Type:urn:oma:lwm2m:oma:3',
        'Iwked-Entity-ID:/3/0',
        'site:north',
      ]),
    );
  });

  it('TS-0014 table 6.2.2.2-3: AE and node carry the literal and the facts that can be searched whole', () => {
    expect(endpointLabels('urn:imei:1', '1.1', lwm2mOnly)).toEqual([
      'LWM2M Client: 1.1',
      'LWM2MVER:1.1',
      'LWM2MEP:urn:imei:1',
    ]);
    expect(endpointLabels('urn:imei:1', '1.1', { ...lwm2mOnly, lwm2m: false })).toEqual(['LWM2MEP:urn:imei:1']);
  });

  it('a searched label holds no blank and nothing but printable ASCII', () => {
    expect(labelValue('living room 100%')).toBe('living%20room%20100%25');
    expect(labelValue('Küche')).toBe('K%C3%BCche');
  });

  it('URNs are the registered ones, and follow the number ranges for unknown objects', () => {
    expect(objectUrn(3)).toBe('urn:oma:lwm2m:oma:3');
    expect(objectUrn(3303)).toBe('urn:oma:lwm2m:ext:3303');
    expect(objectUrn(10241)).toBe('urn:oma:lwm2m:x:10241');
    expect(objectUrn(1999)).toBe('urn:oma:lwm2m:oma:1999');
    expect(objectUrn(9000)).toBe('urn:oma:lwm2m:ext:9000');
    expect(objectUrn(42000)).toBe('urn:oma:lwm2m:x:42000');
    expect(objectName(3303)).toBe('Temperature');
  });
});
