import { createSocket, type RemoteInfo } from 'node:dgram';
import { once } from 'node:events';
import { generate, type ParsedPacket, parse } from 'coap-packet';
import { expect, it } from 'vitest';
import { SimulatedDevice } from '../../simulator/index.ts';
import { Mailbox } from './mailbox.ts';
import { SteppedClock } from './stepped-clock.ts';

const RESOURCE = '/3311/0/5851';
const OBSERVE = { begin: Buffer.alloc(0), cancel: Buffer.of(1) } as const;
const QUIET = 3_600_000;

it('a notification is sent again until its observation has ended, and no more after that (RFC 7641 4.5)', async () => {
  const server = createSocket('udp4').bind(0, '127.0.0.1');
  await once(server, 'listening');
  const clock = new SteppedClock();
  const device = new SimulatedDevice({
    server: { host: '127.0.0.1', port: server.address().port },
    endpoint: 'dev',
    clock,
    objects: { 1: [0], 3: [0], 3311: [0] },
    confirmEvery: 1,
    sampleInterval: QUIET,
    updateInterval: QUIET,
  });
  const registered = device.start();
  const [bytes, { port }] = (await once(server, 'message')) as [Buffer, RemoteInfo];
  const { messageId, token } = parse(bytes);
  const location = ['rd', '1'].map((segment) => ({ name: 'Location-Path' as const, value: Buffer.from(segment) }));
  const heard = new Mailbox<ParsedPacket>();
  server.on('message', (datagram: Buffer) => heard.put(parse(datagram)));
  server.send(generate({ code: '2.01', ack: true, messageId, token, options: location }), port, '127.0.0.1');
  await registered;
  const ask = async (id: number, how: keyof typeof OBSERVE) => {
    const path = RESOURCE.slice(1).split('/');
    const options = [
      { name: 'Observe' as const, value: OBSERVE[how] },
      ...path.map((segment) => ({ name: 'Uri-Path' as const, value: Buffer.from(segment) })),
    ];
    const request = { code: '0.01', confirmable: true, messageId: id, token: Buffer.of(7), options };
    server.send(generate(request), port, '127.0.0.1');
    expect(await heard.next()).toMatchObject({ ack: true, messageId: id, code: '2.05' });
  };

  await ask(1, 'begin');
  device.set(RESOURCE, 42);
  const notification = await heard.next();
  expect(notification).toMatchObject({ confirmable: true, code: '2.05', token: Buffer.of(7) });
  await clock.step();
  expect(await heard.next()).toEqual(notification);
  await ask(2, 'cancel');
  // The times at which it would be sent again, and then an answer, which comes after whatever was sent before it.
  for (let again = 0; again < 3; again += 1) expect(await clock.step()).toBeLessThan(QUIET / 60);
  await ask(3, 'cancel');

  await device.stop({ deregister: false });
  server.close();
});
