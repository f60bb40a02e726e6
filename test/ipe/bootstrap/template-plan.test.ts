import { describe, expect, it } from 'vitest';
import { templatePlan } from '../../../ipe/bootstrap/template-plan.ts';
import { parseConfiguration } from '../../../ipe/configuration/index.ts';
import type { BootstrapPlan, PlannedInstance } from '../../../lwm2m/index.ts';

type Template = Parameters<typeof parseConfiguration>[0];

/** The template as it comes out of a configuration. */
function template(given: object) {
  const configuration = parseConfiguration({ bootstrap: { templates: [{ endpoint: '*', ...given }] } } as Template);
  return configuration.bootstrap.templates[0]!;
}

const NO_SECRETS = { key: undefined, certificates: () => undefined };

/** Values by resource, as `7` or, of a resource instance, `2/101`. */
function values({ resources }: PlannedInstance, version = '1.1') {
  const meant = resources.filter(({ since = version, until = version }) => since <= version && version <= until);
  return Object.fromEntries(
    meant.map(({ resourceId, resourceInstanceId, value }) => [
      resourceInstanceId === undefined ? resourceId : `${resourceId}/${resourceInstanceId}`,
      value,
    ]),
  );
}

const of = (plan: BootstrapPlan, objectId: number) =>
  plan.instances.filter((instance) => instance.objectId === objectId);
const NOTHING = Buffer.alloc(0);

describe('what a template gives', () => {
  it('without more than a URI: everything deleted, an account without security, Send allowed', () => {
    const plan = templatePlan(template({ servers: [{ uri: 'coap://192.0.2.1:5683' }] }), NO_SECRETS);
    expect(plan.deletes).toEqual(['/']);
    expect(of(plan, 0).map((instance) => values(instance))).toEqual([
      { 0: 'coap://192.0.2.1:5683', 1: false, 2: 3, 3: NOTHING, 4: NOTHING, 5: NOTHING, 10: 1 },
    ]);
    expect(of(plan, 1).map((instance) => values(instance))).toEqual([{ 0: 1, 1: 86_400, 6: true, 7: 'U', 23: false }]);
    expect(of(plan, 2)).toEqual([]);
  });

  it('with a pre-shared key: mode 0, identity and key of the device alone (LwM2M 1.1 E.1)', () => {
    const key = { identity: 'lamp-1-ab', key: Buffer.from('0123456789abcdef') };
    const plan = templatePlan(template({ servers: [{ uri: 'coaps://192.0.2.1' }] }), { ...NO_SECRETS, key });
    expect(values(of(plan, 0)[0]!)).toMatchObject({ 2: 0, 3: Buffer.from('lamp-1-ab'), 5: key.key });
  });

  it('with certificates: mode 2, DER of device and server (LwM2M 1.1 Transport 5.2.9.4)', () => {
    const files = { certificate: 'c.pem', privateKey: 'k.pem', serverCertificate: 's.pem' };
    const server = { uri: 'coaps://192.0.2.1', security: 'certificate', ...files };
    const read = { certificate: Buffer.of(1), privateKey: Buffer.of(2), serverCertificate: Buffer.of(3) };
    const plan = templatePlan(template({ servers: [server] }), { key: undefined, certificates: () => read });
    expect(values(of(plan, 0)[0]!)).toMatchObject({ 2: 2, 3: Buffer.of(1), 4: Buffer.of(3), 5: Buffer.of(2) });
  });

  it('queue mode: a letter of the binding for 1.0 alone (LwM2M 1.0 5.3.1.1, 1.1 6.2.1.2)', () => {
    const plan = templatePlan(template({ servers: [{ uri: 'coap://192.0.2.1', binding: 'UQ' }] }), NO_SECRETS);
    expect(values(of(plan, 1)[0]!, '1.0')).toMatchObject({ 7: 'UQ' });
    expect(values(of(plan, 1)[0]!, '1.0')).not.toHaveProperty('23');
    expect(values(of(plan, 1)[0]!, '1.2')).toMatchObject({ 7: 'U' });
  });

  it('several servers, and who may do what: instances of Object 2 (LwM2M 1.1 E.3)', () => {
    const plan = templatePlan(
      template({
        servers: [
          { uri: 'coap://192.0.2.1', shortServerId: 101, lifetime: 60, minPeriod: 5, maxPeriod: 50 },
          { uri: 'coap://192.0.2.2', shortServerId: 102 },
        ],
        access: [{ object: 3, instance: 0, owner: 101, rights: { 0: ['read'], 102: ['read', 'write', 'execute'] } }],
        delete: ['/0', '/1/3'],
        read: ['/1'],
      }),
      NO_SECRETS,
    );
    expect(of(plan, 0)).toHaveLength(2);
    expect(of(plan, 1).map((instance) => values(instance))).toMatchObject([{ 0: 101, 1: 60, 2: 5, 3: 50 }, { 0: 102 }]);
    expect(values(of(plan, 2)[0]!)).toEqual({ 0: 3, 1: 0, '2/0': 1, '2/102': 7, 3: 101 });
    expect(plan.deletes).toEqual([{ objectId: 0 }, { objectId: 1, instanceId: 3 }]);
    expect(plan.reads).toEqual([{ objectId: 1 }]);
  });
});

describe('a template that cannot be carried out is a mistake of the configuration', () => {
  it.each([
    ['psk without coaps', { servers: [{ uri: 'coap://192.0.2.1', security: 'psk' }] }],
    ['coaps without security', { servers: [{ uri: 'coaps://192.0.2.1', security: 'none' }] }],
    [
      'a certificate without its key',
      { servers: [{ uri: 'coaps://h', security: 'certificate', certificate: 'c.pem' }] },
    ],
    [
      'files without use',
      { servers: [{ uri: 'coap://h', certificate: 'c', privateKey: 'k', serverCertificate: 's' }] },
    ],
    ['two servers of one Short Server ID', { servers: [{ uri: 'coap://a' }, { uri: 'coap://b' }] }],
    ['an owner that is no server', { servers: [{ uri: 'coap://a' }], access: [{ object: 3, instance: 0, owner: 9 }] }],
    ['no server at all', { servers: [] }],
    ['a path that is none', { servers: [{ uri: 'coap://a' }], delete: ['/0/0/1'] }],
    ['a URI with a path', { servers: [{ uri: 'coap://a/rd' }] }],
    ['a Short Server ID of 0', { servers: [{ uri: 'coap://a', shortServerId: 0 }] }],
  ])('%s', (_name, given) => {
    expect(() => template(given)).toThrow(expect.objectContaining({ code: 'config/invalid' }));
  });
});
