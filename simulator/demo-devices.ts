import type { DeviceSettings } from './options.ts';

/** A few lifelike devices for a demonstration: names as they occur, all versions, one that sleeps (queue mode). */
export const DEMO_DEVICES: readonly Omit<DeviceSettings, 'server'>[] = [
  {
    endpoint: 'urn:imei:356938035643809',
    version: '1.1',
    lifetime: 60,
    objects: { 1: [0], 3: [0], 5: [0], 3303: [0] },
  },
  {
    endpoint: 'urn:dev:os:0023C7-000001',
    version: '1.0',
    lifetime: 90,
    rootPath: 'lwm2m',
    objects: { 1: [0], 3: [0], 5: [], 3311: [0, 1] },
  },
  {
    endpoint: 'greenhouse-3',
    version: '1.1',
    lifetime: 120,
    queueMode: true,
    objects: { 1: [0], 3: [0], 3303: [0, 1, 2] },
  },
  {
    endpoint: 'street-lamp-17',
    version: '1.2',
    lifetime: 60,
    objects: { 1: [0], 3: [0], 3303: [0], 3311: [0] },
  },
];
