import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { silentLogger } from '../../../common/index.ts';
import { peerAt } from '../../../lwm2m/coap/peers.ts';
import type { Peer } from '../../../lwm2m/coap/types.ts';
import { UdpTransport } from '../../../lwm2m/coap/udp-transport.ts';

describe('datagrams of one turn of the event loop', () => {
  const received: string[] = [];
  let device: ReturnType<typeof createSocket>;
  let transport: UdpTransport;
  let peer: Peer;
  const send = (text: string) => transport.send(peer, Buffer.from(`..${text}..`), 2, text.length);

  beforeEach(async () => {
    received.length = 0;
    device = createSocket('udp4').on('message', (data) => received.push(data.toString()));
    device.bind(0, '127.0.0.1');
    await once(device, 'listening');
    peer = peerAt('127.0.0.1', device.address().port);
    transport = new UdpTransport({ host: '127.0.0.1', port: 0, queueLimit: 1 << 20, logger: silentLogger });
    await transport.open(() => undefined, { droppedBusy: 0, socketErrors: 0 });
  });

  afterEach(async () => {
    await transport.close();
    device.close();
  });

  it('leave whole, in the order in which they were sent, and those of the next turn after them', async () => {
    const sent = Array.from({ length: 100 }, (_, n) => `datagram ${n}`);
    for (const text of sent.slice(0, 60)) send(text);
    setImmediate(() => {
      for (const text of sent.slice(60)) send(text);
    });
    await expect.poll(() => received.length).toBe(100);
    expect(received).toEqual(sent);
  });

  it('leave before the socket closes, though the turn has not ended', async () => {
    send('last words');
    await transport.close();
    await expect.poll(() => received).toEqual(['last words']);
    send('too late');
    await new Promise((resolve) => setImmediate(resolve));
    expect(received).toEqual(['last words']);
  });
});
