import { connect } from 'node:net';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { type Clock, silentLogger } from '../../common/index.ts';
import { HealthServer } from '../../ipe/health.ts';
import { addNotificationDoor } from '../../ipe/notifications/notification-door.ts';
import { Notifications } from '../../ipe/notifications/notifications.ts';
import { mutations, seededNumbers } from './corpus.ts';
import { count, readSeeds, SEED, timeLimit } from './seeds.ts';

const seeds = readSeeds('notifications');
const clock: Clock = { monotonic: () => 0, wall: () => 0, timer: () => ({ cancel: () => undefined }) };
const SECRET = 'c0ffee';

let notifications: Notifications;
let lines: number;
beforeEach(() => {
  lines = 0;
  const warn = () => {
    lines += 1;
  };
  const logger = { ...silentLogger, warn, error: warn };
  notifications = new Notifications({ originator: 'Cipe', answerTime: 1000, maxWaiting: 2 }, clock, logger);
  notifications.add({ ri: 'sub1', address: 'cse-in/dev/sub' }, () => undefined);
});

it(
  'whatever content a notification has, it is answered with a response status code and text of ours, and the log stays short',
  async () => {
    const below = seededNumbers(SEED);
    const headers = { 'content-type': 'application/json', 'x-m2m-ri': 'r1', 'x-m2m-origin': '/id-in' };
    const texts = new Set<string | undefined>();
    let left = count(10_000);
    for (const body of mutations(seeds, SEED)) {
      const path = ['/~/id-in/Cipe', '/', `/${body.toString('latin1', 0, below(20))}`][below(3)] as string;
      const answer = await notifications.receive({ method: 'POST', path, query: '', headers, body });
      expect(Number(answer.headers['X-M2M-RSC'])).toBeGreaterThanOrEqual(2000);
      texts.add(answer.body);
      left -= 1;
      if (left === 0) break;
    }
    expect(texts.size).toBeLessThan(12);
    expect(lines).toBeLessThan(10);
    expect(notifications.names).toBe(2);
    expect({}).not.toHaveProperty('sur');
  },
  timeLimit(10_000),
);

it('header fields of any kind do not come back, but for a request identifier that is one', async () => {
  const below = seededNumbers(SEED);
  const strange = () => Array.from({ length: below(40) }, () => String.fromCharCode(below(256))).join('');
  for (let left = count(3_000); left > 0; left -= 1) {
    const id = below(2) === 0 ? 'good-1' : strange();
    const headers = { 'content-type': strange(), 'x-m2m-ri': id, 'x-m2m-rvi': strange(), 'x-m2m-origin': strange() };
    const body = seeds[below(seeds.length)];
    const answer = await notifications.receive({ method: 'POST', path: '/Cipe', query: strange(), headers, body });
    for (const value of Object.values(answer.headers)) expect(value).toMatch(/^[\x20-\x7e]*$/);
  }
});

let server: HealthServer | undefined;
afterEach(async () => {
  await server?.stop();
  server = undefined;
});

it(
  'whatever bytes come over TCP, the door answers with HTTP or closes, gives nothing back, and works on',
  async () => {
    server = new HealthServer({
      host: '127.0.0.1',
      port: 0,
      logger: silentLogger,
      ready: () => ({ ready: true, reasons: [] }),
    });
    addNotificationDoor(server.routes, notifications, { secret: SECRET, bodyBytes: 65_536 });
    const { port } = await server.start();
    const body = seeds[0] as Buffer;
    const request = (line: string, more = '') =>
      Buffer.from(
        `${line}\r\nhost: x\r\ncontent-type: application/json\r\n${more}content-length: ${body.length}\r\n\r\n${body}`,
      );
    const starts = [
      request(`POST /${SECRET}/~/id-in/Cipe HTTP/1.1`, 'x-m2m-ri: MARKMARK\r\n'),
      request('POST /MARKMARK HTTP/1.1'),
      request(`POST ${SECRET}/MARKMARK HTTP/1.1`),
      request(`PUT /${SECRET}/%MARKMARK HTTP/1.0`, 'transfer-encoding: chunked\r\n'),
      Buffer.from(
        `POST /${SECRET}/x HTTP/1.1\r\nhost: x\r\ntransfer-encoding: chunked\r\n\r\n5\r\nMARKMARK\r\n0\r\n\r\n`,
      ),
      Buffer.from('\x16\x03\x01\x02\x00\x01\x00MARKMARK'),
    ];
    let left = Math.min(count(400), 5_000);
    for (const bytes of mutations(starts, SEED)) {
      const text = await say(port, bytes);
      if (text !== '') expect(text).toMatch(/^HTTP\/1\.1 [1-5]\d\d /);
      expect(text.replace(/^x-m2m-ri: .*$/gim, '')).not.toMatch(/MARKMA/);
      left -= 1;
      if (left === 0) break;
    }
    expect((await fetch(`http://127.0.0.1:${port}/health/live`)).status).toBe(200);
  },
  timeLimit(400),
);

/** All that is answered to bytes after which nothing more comes. */
function say(port: number, bytes: Buffer): Promise<string> {
  return new Promise((resolve) => {
    let text = '';
    const socket = connect({ host: '127.0.0.1', port }, () => socket.end(bytes));
    socket.on('data', (chunk) => {
      text += chunk.toString('latin1');
    });
    socket.on('error', () => undefined);
    socket.on('close', () => resolve(text));
  });
}
