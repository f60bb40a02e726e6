import { expect, it } from 'vitest';
import { assertBootstrapServed, bootstrapDoors } from '../../../ipe/bootstrap/bootstrap-doors.ts';
import { parseConfiguration } from '../../../ipe/configuration/index.ts';

const PLAIN = { endpoint: '*', servers: [{ uri: 'coap://192.0.2.1' }] };
const KEYS = { endpoint: '*', servers: [{ uri: 'coaps://192.0.2.1' }] };
const NOTHING = { credentials: undefined, coaps: undefined };

function configured(bootstrap: object, lwm2m: object = {}) {
  return parseConfiguration({ bootstrap, lwm2m } as Parameters<typeof parseConfiguration>[0]);
}

it('without templates there is no bootstrap server', () => {
  const configuration = configured({ coaps: { enabled: true } });
  expect(bootstrapDoors(configuration)).toEqual([]);
  expect(() => assertBootstrapServed(configuration, NOTHING)).not.toThrow();
});

it('with templates it serves CoAP, and CoAPS where that is wanted', () => {
  expect(bootstrapDoors(configured({ templates: [PLAIN] }))).toEqual(['coap']);
  expect(bootstrapDoors(configured({ templates: [PLAIN], coaps: { enabled: true } }))).toEqual(['coap', 'coaps']);
});

it.each([
  ['no door at all', { templates: [PLAIN], coap: { enabled: false } }, 'bootstrap.coap.enabled'],
  ['CoAPS without credentials', { templates: [PLAIN], coaps: { enabled: true } }, 'lwm2m.coaps.credentials'],
  ['keys that cannot be kept', { templates: [KEYS] }, 'lwm2m.coaps.credentials'],
  ['the port of the LwM2M server', { templates: [PLAIN], coap: { port: 5683 } }, 'lwm2m.coap.port'],
])('what cannot be served is told with its key: %s', (_name, bootstrap, key) => {
  expect(() => assertBootstrapServed(configured(bootstrap), NOTHING)).toThrow(
    expect.objectContaining({ code: 'config/invalid', message: expect.stringContaining(key) }),
  );
});
