import { readFileSync, writeFileSync } from 'node:fs';
import { request as httpRequest } from 'node:http';
import { request as httpsRequest } from 'node:https';
import { connect } from 'node:net';
import { join } from 'node:path';
import { afterAll, afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type Clock, type Logger, silentLogger } from '../../../common/index.ts';
import { parseConfiguration } from '../../../ipe/configuration/index.ts';
import { HealthServer } from '../../../ipe/health.ts';
import { httpTls } from '../../../ipe/http-security.ts';
import { addNotificationDoor } from '../../../ipe/notifications/notification-door.ts';
import { Notifications } from '../../../ipe/notifications/notifications.ts';
import { CertificateAuthority } from '../../support/certificates.ts';

const SECRET = '00112233445566778899aabbccddeeff';
const EVENT = JSON.stringify({ 'm2m:sgn': { nev: { rep: {}, net: 3 }, sur: 'sub1' } });

let lines: { level: string; message: string; fields: unknown }[];
let now: number;
let notifications: Notifications;
let server: HealthServer;
let port: number;
let heard: number;

const clock: Clock = { monotonic: () => now, wall: () => now, timer: () => ({ cancel: () => undefined }) };
const logger: Logger = {
  ...silentLogger,
  warn: (message, fields) => void lines.push({ level: 'warn', message, fields }),
};

beforeEach(async () => {
  [lines, now, heard] = [[], 0, 0];
  notifications = new Notifications({ originator: 'Cipe', answerTime: 1000, maxWaiting: 2 }, clock, logger);
  notifications.add({ ri: 'sub1', address: 'cse-in/dev/sub' }, () => {
    heard += 1;
    return undefined;
  });
  server = new HealthServer({
    host: '127.0.0.1',
    port: 0,
    logger: silentLogger,
    ready: () => ({ ready: true, reasons: [] }),
  });
  addNotificationDoor(server.routes, notifications, { secret: SECRET, bodyBytes: 2_048 });
  ({ port } = await server.start());
});
afterEach(() => server.stop());

interface Answer {
  readonly status: number;
  readonly rsc: string | undefined;
  readonly text: string;
}

function post(path: string, body: string | Buffer, headers: Record<string, string> = {}): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const all = { 'content-type': 'application/json', 'x-m2m-ri': 'r1', 'x-m2m-origin': '/id-in', ...headers };
    const request = httpRequest({ host: '127.0.0.1', port, method: 'POST', path, headers: all }, (response) => {
      let text = '';
      response.on('data', (chunk) => {
        text += String(chunk);
      });
      response.on('end', () =>
        resolve({ status: response.statusCode ?? 0, rsc: response.headers['x-m2m-rsc'] as string | undefined, text }),
      );
    });
    request.on('error', reject);
    request.end(body);
  });
}

describe('the door for notifications', () => {
  it.each([
    `/${SECRET}/~/id-in/Cipe`,
    `/${SECRET}/Cipe`,
    `/${SECRET}`,
    `/${SECRET}/`,
    `/behind/a/proxy/${SECRET}/Cipe`,
  ])('opens at %s, however the CSE makes a target of the pointOfAccess', async (path) => {
    expect(await post(path, EVENT)).toMatchObject({ status: 200, rsc: '2000' });
    expect(heard).toBe(1);
  });

  it.each(['/~/id-in/Cipe', '/Cipe', '/', `/${SECRET.slice(1)}0/Cipe`, `/${SECRET}0/Cipe`, `/?${SECRET}`])(
    'is not there for who asks at %s',
    async (path) => {
      expect(await post(path, EVENT)).toEqual({ status: 404, rsc: undefined, text: '{"error":"not found"}' });
      expect([heard, notifications.counters.refused.path]).toEqual([0, 1]);
    },
  );

  it('does not wait for the content of who does not know the path', async () => {
    const socket = connect({ host: '127.0.0.1', port });
    socket.write(
      'POST /guess HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\ncontent-length: 1000000\r\n\r\n{',
    );
    const text = await new Promise<string>((resolve) => {
      let all = '';
      socket.on('data', (chunk) => {
        all += String(chunk);
      });
      socket.on('close', () => resolve(all));
    });
    expect(text).toMatch(/^HTTP\/1.1 404 /);
  });

  it('refuses a content beyond http.bodyBytes, header fields beyond 16 KiB, and other methods', async () => {
    const path = `/${SECRET}/Cipe`;
    expect(await post(path, Buffer.alloc(2_049, 'x'))).toMatchObject({ status: 413, text: '{"error":"too large"}' });
    expect((await post(path, EVENT, { 'x-m2m-rvi': 'x'.repeat(17_000) })).status).toBe(431);
    expect((await fetch(`http://127.0.0.1:${port}${path}`)).status).toBe(404);
    expect(heard).toBe(0);
  });

  it('gives nothing back of what came', async () => {
    const mark = 'MARK<script>';
    const path = `/${SECRET}/Cipe`;
    const tries = [
      post(path, `{"${mark}": `),
      post(path, `{"m2m:sgn":{"nev":{"net":"${mark}"},"sur":"${mark}"}}`),
      post(path, EVENT, { 'content-type': `text/${mark.toLowerCase()}` }),
      post(`/${SECRET}/${mark}`, EVENT),
      post(`/${mark}`, EVENT),
      post(`/%zz${mark}`, EVENT),
    ];
    for (const { text } of await Promise.all(tries)) expect(text.toLowerCase()).not.toContain('mark');
    expect(JSON.stringify(lines)).not.toContain(SECRET);
  });

  it('says in the log once a minute that notifications are refused, for each reason, with their number', async () => {
    for (let count = 0; count < 50; count += 1) await post('/guess', EVENT);
    await post(`/${SECRET}/Cipe`, '{');
    expect(lines.map(({ fields }) => (fields as { problem: string }).problem)).toEqual(['path', 'malformed']);
    now = 61_000;
    await post('/guess', EVENT);
    expect(lines.at(-1)?.fields).toMatchObject({ problem: 'path', others: 49 });
  });
});

describe('the originator of a notification', () => {
  const from = (originator: string | undefined, net = 3) =>
    post(`/${SECRET}/Cipe`, JSON.stringify({ 'm2m:sgn': { nev: { rep: {}, net }, sur: 'sub1' } }), {
      ...(originator === undefined ? {} : { 'x-m2m-origin': originator }),
    }).then(({ rsc }) => rsc);

  it('is that of the CSE, where the CSE is known to say so', async () => {
    notifications.expectFrom({ cseId: '/id-in', named: true });
    for (const good of ['/id-in', 'id-in', '//sp/id-in']) expect(await from(good)).toBe('2000');
    for (const bad of ['/other', 'Cevil', '/id-in/Cevil', '//sp/other', '']) expect(await from(bad)).toBe('4103');
    expect(notifications.counters.refused.sender).toBe(5);
  });

  it('is whoever made the request, where the notification waits for an answer', async () => {
    notifications.expectFrom({ cseId: '/id-in', named: true });
    expect(await from('/id-in/Capp', 10)).toBe('2000');
    expect(await from('/other/Capp', 7)).toBe('2000');
  });

  it('is anything but another CSE, where nobody knows what the CSE sends', async () => {
    notifications.expectFrom({ cseId: '/Mobius4', named: false });
    for (const good of ['/Mobius4', 'Mobius', '/Mobius4/x']) expect(await from(good)).toBe('2000');
    expect(await from('/other')).toBe('4103');
  });
});

describe('http.tls', () => {
  const authority = new CertificateAuthority();
  afterAll(() => authority.dispose());

  it('has the door speak HTTPS alone, TLS 1.2 or later', async () => {
    const tls = httpTls(parseConfiguration({ http: { tls: authority.issue('ipe', { names: 'DNS:localhost' }) } }));
    const ca = readFileSync(authority.certificate);
    const secure = new HealthServer({
      host: '127.0.0.1',
      port: 0,
      tls,
      logger: silentLogger,
      ready: () => ({ ready: true, reasons: [] }),
    });
    const bound = await secure.start();
    const get = (options: object) =>
      new Promise<number | string>((resolve) => {
        const asked = {
          host: '127.0.0.1',
          servername: 'localhost',
          port: bound.port,
          path: '/health/live',
          ca,
          ...options,
        };
        httpsRequest(asked, (response) => {
          response.resume();
          resolve(response.statusCode ?? 0);
        })
          .on('error', ({ code }: NodeJS.ErrnoException) => resolve(code ?? 'error'))
          .end();
      });
    expect(await get({})).toBe(200);
    expect(await get({ maxVersion: 'TLSv1.1', minVersion: 'TLSv1' })).not.toBe(200);
    await expect(fetch(`http://127.0.0.1:${bound.port}/health/live`)).rejects.toThrow();
    await secure.stop();
  });

  it('is refused with its keys when only half of it is there, or the file is none', async () => {
    const file = join(authority.folder, 'x.pem');
    writeFileSync(file, 'nothing');
    const half = parseConfiguration({ http: { tls: { certificate: file } } });
    expect(() => httpTls(half)).toThrow('http.tls.certificate and http.tls.privateKey go together');
    const none = parseConfiguration({ http: { tls: { certificate: file, privateKey: file } } });
    expect(() => httpTls(none)).toThrow(/http\.tls\.certificate: .* holds no PEM certificate/);
  });
});
