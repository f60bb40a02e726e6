import { EventEmitter } from 'node:events';
import { expect, it, vi } from 'vitest';
import { CoapEndpoint } from '../../../lwm2m/coap/endpoint.ts';

vi.mock('node:dgram', async (original) => {
  const dgram = await original<typeof import('node:dgram')>();
  /** A socket of a machine that was started without IPv6. */
  const refuse = () => {
    const socket = Object.assign(new EventEmitter(), {
      close: () => socket,
      bind: () => {
        const error = Object.assign(new Error('bind EAFNOSUPPORT :::0'), { code: 'EAFNOSUPPORT' });
        queueMicrotask(() => socket.emit('error', error));
      },
    });
    return socket;
  };
  const createSocket = (options: { type: string }) =>
    options.type === 'udp6' ? refuse() : dgram.createSocket(options as never);
  return { ...dgram, createSocket };
});

it('The host `::` means 0.0.0.0 where the machine has no IPv6', async () => {
  const endpoint = new CoapEndpoint({ host: '::', port: 0 }, () => ({ code: '2.04' }));
  expect((await endpoint.listen()).address).toBe('0.0.0.0');
  await endpoint.close(0);
});

it('Another IPv6 address is an error there', async () => {
  const endpoint = new CoapEndpoint({ host: '::1', port: 0 }, () => ({ code: '2.04' }));
  await expect(endpoint.listen()).rejects.toMatchObject({ code: 'coap/address' });
});
