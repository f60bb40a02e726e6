import { describe, expect, test } from 'vitest';
import type { ObjectLink } from '../../../lwm2m/index.ts';
import { Desk, post } from './desk.ts';

const SEED_INSTANCES = '</1/101>, </1/102>, </2/0>, </2/1>, </2/2>, </3/0>, </4/0>, </5>';

function pathOf({ objectId, instanceId, version }: ObjectLink): string {
  return `/${objectId}${instanceId === undefined ? '' : `/${instanceId}`}${version === undefined ? '' : ` ${version}`}`;
}

/** Registers with these bytes and gives what is then known of the client. */
function registered(query: string, payload: string, contentFormat: number | undefined) {
  const desk = new Desk();
  desk.register('dev', query.split('&'), { payload: Buffer.from(payload), contentFormat });
  const { objectLinks, ...registration } = desk.registrations.byEndpoint('dev')!;
  return { ...registration, ...objectLinks, links: objectLinks.links.map(pathOf) };
}

describe('what real clients send is registered', () => {
  test('Wakaama: the version of an Object on its bare link, a private Object', () => {
    const payload =
      '</>;rt="oma.lwm2m";ct=110,</1>;ver=1.1,</1/0>,</2/0>,</3/0>,</4/0>,</5/0>,</6/0>,</7/0>,</31024>;ver=1.0,</31024/10>,</31024/11>,</31024/12>';
    expect(registered('lwm2m=1.1&b=U&lt=60', payload, 40)).toMatchObject({
      version: '1.1',
      lifetime: 60,
      binding: 'U',
      queueMode: false,
      rootPath: '/',
      contentFormats: [110],
      links: [
        '/1/0 1.1',
        '/2/0',
        '/3/0',
        '/4/0',
        '/5/0',
        '/6/0',
        '/7/0',
        '/31024/10 1.0',
        '/31024/11 1.0',
        '/31024/12 1.0',
      ],
    });
  });

  test('Anjay as 1.2: no b, no root link', () => {
    expect(registered('lwm2m=1.2&lt=60', '</1/1>,</2>,</3/0>,</4/0>,</5/0>,</11>', 40)).toMatchObject({
      version: '1.2',
      binding: 'U',
      queueMode: false,
      rootPath: '/',
      contentFormats: [],
      links: ['/1/1', '/2', '/3/0', '/4/0', '/5/0', '/11'],
    });
  });

  test('Anjay as 1.1 in queue mode: a bare Q', () => {
    expect(registered('lwm2m=1.1&lt=60&Q', '</1/1>,</3/0>', 40)).toMatchObject({
      version: '1.1',
      queueMode: true,
      binding: 'U',
    });
  });

  test('Anjay as 1.0 in queue mode: b=UQ and a quoted version', () => {
    expect(
      registered('lwm2m=1.0&lt=60&b=UQ', '</1>;ver="1.1",</1/1>,</2>;ver="1.1",</3>;ver="1.2",</3/0>', 40),
    ).toMatchObject({
      version: '1.0',
      queueMode: true,
      binding: 'U',
      links: ['/1/1 1.1', '/2 1.1', '/3/0 1.2'],
    });
  });

  test('coap-node: an unknown parameter, a flag attribute, no rt', () => {
    expect(
      registered('lt=60&lwm2m=1.0&mac=aa:bb:cc:dd:ee:ff', '</>;ct=11543;hb,</1/0>,</3/0>,</3303/0>', 40),
    ).toMatchObject({ contentFormats: [11543], links: ['/1/0', '/3/0', '/3303/0'] });
  });

  test('lwm2m-node-lib: no Content-Format', () => {
    expect(registered('lt=85671&lwm2m=1.0&b=U', '</1/0>,</3303/1>', undefined)).toMatchObject({
      lifetime: 85_671,
      links: ['/1/0', '/3303/1'],
    });
  });

  test('the example of the specification under an alternate path', () => {
    const payload = `</lwm2m>;rt="oma.lwm2m", ${SEED_INSTANCES.replaceAll('</', '</lwm2m/')}`;
    expect(registered('lt=60', payload, 40)).toMatchObject({
      rootPath: '/lwm2m',
      links: ['/1/101', '/1/102', '/2/0', '/2/1', '/2/2', '/3/0', '/4/0', '/5'],
    });
  });
});

describe('what real clients update with is understood', () => {
  test.each([
    ['nothing', [], {}],
    ['the whole list again', [], { payload: SEED_INSTANCES }],
    ['lt alone', ['lt=120'], {}],
    ['everything again', ['ep=dev', 'lt=120', 'lwm2m=1.0', 'b=U'], { payload: SEED_INSTANCES }],
  ])('%s', (_what, query, parts) => {
    const desk = new Desk();
    const id = desk.register('dev', [], { payload: SEED_INSTANCES });
    const { objectLinks } = desk.registrations.get(id)!;
    expect(desk.codeOf(desk.service.update(id, post(query, parts)))).toBe('2.04');
    expect(desk.registrations.get(id)?.objectLinks).toBe(objectLinks);
  });

  test('a list with the instance that Create made', () => {
    const desk = new Desk();
    const id = desk.register('dev', [], { payload: '</3/0>,</31024>' });
    desk.service.update(id, post([], { payload: '</3/0>,</31024/0>' }));
    expect(desk.registrations.get(id)?.objectLinks.links.map(pathOf)).toEqual(['/3/0', '/31024/0']);
  });

  test('Leshan: a list whose root link no longer names the content formats does not take them back', () => {
    const desk = new Desk();
    const id = desk.register('dev', [], { payload: '</>;rt="oma.lwm2m";ct="60 110",</1/0>,</3/0>' });
    const { objectLinks } = desk.registrations.get(id)!;
    desk.service.update(id, post([], { payload: '</>;rt="oma.lwm2m",</1/0>,</3/0>' }));
    expect(desk.registrations.get(id)?.objectLinks).toBe(objectLinks);
    desk.service.update(id, post([], { payload: '</>;rt="oma.lwm2m",</1/0>,</3/0>,</3303/0>' }));
    expect(desk.registrations.get(id)?.objectLinks.contentFormats).toEqual([60, 110]);
    desk.service.update(id, post([], { payload: '</>;rt="oma.lwm2m";ct=112,</1/0>' }));
    expect(desk.registrations.get(id)?.objectLinks.contentFormats).toEqual([112]);
  });
});
