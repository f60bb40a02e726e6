import type { Kind, Records } from '../../../ipe/store/records.ts';
import { decodeObjectLinks, parsePath, type Registration } from '../../../lwm2m/index.ts';

/** A registration such as a device of that name has. */
export function registrationOf(endpoint: string, port = 50_000): Registration {
  return {
    id: `id-${endpoint}`,
    endpoint,
    peer: { address: '::ffff:192.0.2.1', port, key: `::ffff:192.0.2.1#${port}` },
    lifetime: 300,
    version: '1.1',
    binding: 'U',
    queueMode: false,
    smsNumber: '+491700000000',
    objectLinks: decodeObjectLinks(Buffer.from('</lwm2m>;rt="oma.lwm2m";ct="110 112",</lwm2m/1/0>;ver=1.1,</lwm2m/5>')),
    registeredAt: 1_700_000_000_000.25,
    updatedAt: 1_700_000_100_000.5,
  };
}

/** One record of each kind. */
export const SAMPLES: Records = {
  registration: registrationOf('urn:imei:1234'),
  update: { id: 'id-urn:imei:1234', updatedAt: 1_700_000_200_000.75 },
  tree: {
    endpoint: 'urn:imei:1234',
    names: { resourceName: 'imei_3A1234', aeId: 'Cimei_3A1234', nodeName: 'node-imei_3A1234' },
    version: '1.1',
    objectLinks: registrationOf('x').objectLinks,
    nodeId: 'nod123',
    expiresAt: 1_700_000_400_000,
    lasting: new Set(['1_0', '3303_0']),
  },
  journal: { work: 'remove', path: 'cse-in/imei_3A1234', since: 1_700_000_000_000 },
  observation: {
    endpoint: 'urn:imei:1234',
    registrationId: 'id-1',
    token: Buffer.from('0102030405060708', 'hex'),
    paths: [parsePath('/3303/0/5700'), parsePath('/3/0')],
    composite: true,
    format: 112,
  },
  command: {
    endpoint: 'urn:imei:1234',
    key: 'rcin17',
    state: 'final',
    response: { id: 'a', state: 'done', rsc: 2004, time: '20260101T000000', value: [1, 2] },
  },
  value: {
    endpoint: 'urn:imei:1234',
    container: '3303_0/5700',
    attributes: { rn: 'v1-1', con: 21.5, cnf: 'application/json:0' },
    receivedAt: 1_700_000_000_000,
  },
  setting: 'a text',
  cse: {
    place: {
      url: 'http://127.0.0.1:8080',
      base: 'cse-in',
      originator: 'Clwm2m-ipe',
      resourceName: 'lwm2m-ipe',
      releaseVersion: '3',
    },
    cseBase: { ri: 'id-in', rn: 'cse-in', csi: '/id-in', srt: [1, 2, 3, 14], srv: ['2a', '3'] },
    dialect: 'acme',
    nodeCreation: 'administrator',
    accessControlPolicy: 'acp17',
  },
};

/** The kinds, with their samples. */
export const KIND_SAMPLES = Object.entries(SAMPLES) as [Kind, Records[Kind]][];
