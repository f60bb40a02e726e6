import { Writable } from 'node:stream';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { ResourceType } from '../../../cse-client/index.ts';
import { createLogger, type LogLevel } from '../../../ipe/log.ts';
import { AnsweringDevice } from '../../e2e/answering-device.ts';
import { type CseUnderTest, startEmbedded } from '../../support/cse-under-test.ts';
import { Application, eventually, type RunningIpe, startIpe } from '../../support/ipe.ts';
import { stopAll } from '../../support/stand.ts';

const { contentInstance, subscription } = ResourceType;

interface Line {
  readonly level: string;
  readonly message: string;
  readonly [field: string]: unknown;
}

let cse: CseUnderTest;
let ipe: RunningIpe;
let app: Application;
let device: AnsweringDevice;
let lines: string[];

const parsed = () => lines.map((line) => JSON.parse(line) as Line);
const about = (mark: string) => lines.filter((line) => line.includes(mark)).map((line) => JSON.parse(line) as Line);

async function start(level: LogLevel): Promise<void> {
  lines = [];
  const stream = new Writable({
    write(chunk, _encoding, done) {
      lines.push(...String(chunk).split('\n').filter(Boolean));
      done();
    },
  });
  ipe = await startIpe(cse, { access: { command: ['Capp'] } }, createLogger({ level, format: 'json', stream }));
  device = await AnsweringDevice.open(ipe.port);
  device.holds('/3303/0', [{ n: '5700', v: 21.5 }]);
  device.objects.set('/3303/0/5605', { code: '2.04' });
}

/** How many contentInstances there are below `3303_0/5700`. */
async function stored(): Promise<number> {
  const address = `${cse.base}/thermometer/3303_0/5700`;
  return (await app.client.children(address, { ty: [contentInstance] }).catch(() => [])).length;
}

async function live(): Promise<void> {
  expect(await device.register('thermometer')).toBe('2.01');
  await eventually(stored, (count) => count > 0);
  await eventually(
    () => app.client.children(`${cse.base}/thermometer/requests`).catch(() => []),
    (children) => children.some(({ type }) => type === subscription),
  );
  const before = await stored();
  await device.notify('/3303/0', [{ n: '5700', v: 22 }]);
  await eventually(stored, (count) => count > before);
  const command = { id: 'reset-1', operation: 'execute', path: '/3303/0/5605' };
  await app.client.create(contentInstance, `${cse.base}/thermometer/requests`, { con: JSON.stringify(command) });
  await eventually(
    () => app.client.children(`${cse.base}/thermometer/responses`),
    (children) => children.some(({ name }) => name.endsWith('-f')),
  );
  expect(await device.deregister()).toBe('2.02');
}

beforeEach(async () => {
  cse = await startEmbedded('standard');
  app = await Application.start(cse);
});
afterEach(async () => {
  device.close();
  await stopAll(ipe, app, cse);
});

describe('the story of a device', () => {
  it('is found at debug by one id, from the CoAP message to the request that the CSE gets', async () => {
    await start('debug');
    await live();
    const [mark] = parsed().flatMap(({ message, registration }) =>
      message === 'endpoint registered' ? [registration] : [],
    );
    const story = about(mark as string);
    const register = story.find(({ operation }) => operation === 'register');
    expect(register).toMatchObject({ endpoint: 'thermometer', mid: expect.any(Number), tkn: expect.any(String) });
    const requests = story.filter(({ message }) => message === 'cse request');
    expect(requests.every(({ rqi }) => String(rqi).startsWith(`${mark}.`))).toBe(true);
    const asked = new Set(requests.map(({ op, to }) => `${op} ${to}`));
    const ae = `${cse.base}/thermometer`;
    for (const one of [
      `create ${cse.base}`,
      `create ${ae}`,
      `create ${ae}/3303_0`,
      `create ${ae}/3303_0/5700`,
      `create ${ae}/responses`,
      `delete ${ae}`,
    ]) {
      expect([one, asked.has(one)]).toEqual([one, true]);
    }
    const told = story.map(({ message, operation, type }) => [message, operation ?? type].filter(Boolean).join(' '));
    const order = [
      'registration operation register',
      'endpoint registered',
      'operation observe',
      'notification',
      'a command was read execute',
      'operation execute',
      'a command has ended execute',
      'registration operation deregister',
      'endpoint de-registered',
    ];
    expect(told.filter((one, index) => order.includes(one) && told.indexOf(one) === index)).toEqual(order);
    expect(story.filter(({ command }) => command === 'reset-1').length).toBeGreaterThanOrEqual(2);
    for (const message of ['CoAP request', 'notification']) {
      const line = story.find((one) => one.message === message);
      expect(line).toMatchObject({ endpoint: 'thermometer', mid: expect.any(Number), tkn: expect.any(String) });
    }
  });

  it('gives nobody who reads it the path of the registration', async () => {
    await start('debug');
    await live();
    const id = device.location.split('/').at(-1) as string;
    expect(id.length).toBe(22);
    expect(lines.filter((line) => line.includes(id))).toEqual([]);
    expect(about(id.slice(0, 10)).length).toBeGreaterThan(10);
  });

  it('is one line for the Register and one for the De-register at info, whatever happens between them', async () => {
    await start('info');
    await live();
    const said = parsed().filter(({ endpoint }) => endpoint === 'thermometer');
    expect(said.map(({ level, message }) => `${level} ${message}`)).toEqual([
      'info endpoint registered',
      'info endpoint de-registered',
    ]);
    const [registered, left] = said;
    expect(registered).toMatchObject({ registration: left?.registration, resource: 'thermometer' });
  });
});
