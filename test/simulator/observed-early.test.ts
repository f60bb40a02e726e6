import { createSocket, type RemoteInfo } from 'node:dgram';
import { once } from 'node:events';
import { generate, parse } from 'coap-packet';
import { expect, it } from 'vitest';
import { SimulatedDevice } from '../../simulator/index.ts';

it('an observation that begins before the answer to the Register comes is kept', async () => {
  const server = createSocket('udp4').bind(0, '127.0.0.1');
  await once(server, 'listening');
  const device = new SimulatedDevice({ server: { host: '127.0.0.1', port: server.address().port }, endpoint: 'early' });
  const registered = device.start();
  const [bytes, { port }] = (await once(server, 'message')) as [Buffer, RemoteInfo];
  const register = parse(bytes);
  const options = ['3303', '0', '5700'].map((segment) => ({ name: 'Uri-Path' as const, value: Buffer.from(segment) }));
  const observe = { name: 'Observe' as const, value: Buffer.alloc(0) };
  const request = {
    code: '0.01',
    confirmable: true,
    messageId: 7,
    token: Buffer.of(7),
    options: [observe, ...options],
  };
  server.send(generate(request), port, '127.0.0.1');
  const [answer] = (await once(server, 'message')) as [Buffer];
  expect(parse(answer).code).toBe('2.05');
  const location = ['rd', '1'].map((segment) => ({ name: 'Location-Path' as const, value: Buffer.from(segment) }));
  const { messageId, token } = register;
  server.send(generate({ code: '2.01', ack: true, messageId, token, options: location }), port, '127.0.0.1');
  await registered;
  expect(device.location).toBe('rd/1');
  expect(device.observations).toBe(1);
  await device.stop({ deregister: false });
  server.close();
});
