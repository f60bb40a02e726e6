import { createSocket, type Socket } from 'node:dgram';
import { generate, parse } from 'coap-packet';
import { afterEach, describe, expect, test } from 'vitest';
import { DELETE, Locations, POST, RegisterDatagram } from '../../bench/load/datagrams.ts';
import { type LoadOptions, parseLoadOptions } from '../../bench/load/options.ts';
import { runLoad } from '../../bench/load/phases.ts';
import { Lwm2mServer, type RegistrationHandler } from '../../lwm2m/index.ts';
import { ACCEPT } from '../support/registration.ts';

const LINKS = '</1/0>,</3/0>';

function optionsOf(packet: ReturnType<typeof parse>, name: string): string[] {
  return (packet.options ?? []).filter((option) => option.name === name).map((option) => String(option.value));
}

describe('datagrams of the load generator', () => {
  test('a Register is what another CoAP codec reads as one (RFC 7252 3)', () => {
    const register = new RegisterDatagram('load-', 300, LINKS);
    const target = Buffer.alloc(1152);
    register.write(target, 0xabcd, 0x01020304, 12_345);
    const packet = parse(target.subarray(0, register.length));
    expect(packet).toMatchObject({ code: '0.02', messageId: 0xabcd, confirmable: true });
    expect(packet.token).toEqual(Buffer.from([1, 2, 3, 4]));
    expect(optionsOf(packet, 'Uri-Path')).toEqual(['rd']);
    expect(optionsOf(packet, 'Uri-Query')).toEqual(['ep=load-0012345', 'lt=300', 'lwm2m=1.1', 'b=U']);
    expect(packet.payload?.toString()).toBe(LINKS);
  });

  test('Update and De-register go to the location that the server named, whatever its length', () => {
    const locations = new Locations(2);
    for (const id of ['a', 'x'.repeat(22)]) {
      const options = ['rd', id].map((value) => ({ name: 'Location-Path' as const, value: Buffer.from(value) }));
      const answer = generate({ code: '2.01', ack: true, messageId: 1, token: Buffer.alloc(4), options });
      expect(locations.store(1, answer, 8)).toBe(true);
      const target = Buffer.alloc(1152);
      for (const [code, dotted] of [
        [POST, '0.02'],
        [DELETE, '0.04'],
      ] as const) {
        const packet = parse(target.subarray(0, locations.write(target, code, 7, 9, 1)));
        expect(packet.code).toBe(dotted);
        expect(optionsOf(packet, 'Uri-Path')).toEqual(['rd', id]);
      }
    }
    expect([locations.has(0), locations.has(1)]).toEqual([false, true]);
  });

  test('an answer without a location is not taken for a registration', () => {
    const answer = generate({ code: '2.01', ack: true, messageId: 1, token: Buffer.alloc(4) });
    expect(new Locations(1).store(0, answer, 8)).toBe(false);
  });
});

const closing: (() => Promise<void>)[] = [];
afterEach(async () => {
  for (const close of closing.splice(0)) await close();
});

async function server(handler: RegistrationHandler): Promise<number> {
  const lwm2m = new Lwm2mServer(
    { coap: { host: '127.0.0.1', port: 0 }, lifetime: { min: 1, max: 100_000, default: 86_400 } },
    handler,
  );
  closing.push(() => lwm2m.stop(100));
  return (await lwm2m.start()).port;
}

function load(port: number, words: readonly string[]): LoadOptions {
  return parseLoadOptions(['--port', String(port), '--sockets', '3', '--limit', '15', ...words]);
}

describe('load generator', () => {
  test('registers, updates and de-registers every endpoint, and counts it', async () => {
    const port = await server(ACCEPT);
    const { phases, protocol } = await runLoad(
      load(port, ['--mode', 'register,update,deregister', '--endpoints', '50']),
    );
    expect(phases.register?.operations.register).toMatchObject({ sent: 50, ok: 50, codes: { '2.01': 50 } });
    expect(phases.update?.operations.update).toMatchObject({ sent: 50, ok: 50, codes: { '2.04': 50 } });
    expect(phases.deregister?.operations.deregister).toMatchObject({ sent: 50, ok: 50, codes: { '2.02': 50 } });
    expect(protocol).toMatchObject({ unmatched: 0, malformed: 0 });
  });

  test('plays whole lives, also with an address for each endpoint', async () => {
    const port = await server(ACCEPT);
    const words = ['--mode', 'lifecycle', '--updates', '2', '--endpoints', '20', '--sockets', '0'];
    const { phases } = await runLoad(load(port, words));
    const { register, update, deregister } = phases.lifecycle?.operations ?? {};
    expect([register?.ok, update?.ok, deregister?.ok]).toEqual([20, 40, 20]);
  });

  test('keeps a rate whatever the answers do', async () => {
    const port = await server(ACCEPT);
    const { phases } = await runLoad(load(port, ['--rate', '200', '--endpoints', '40']));
    expect(phases.register?.operations.register?.ok).toBe(40);
    expect(phases.register?.seconds).toBeGreaterThan(0.15);
  });

  test('counts a refusal as such', async () => {
    const port = await server({ ...ACCEPT, register: () => ({ code: '4.03' }) });
    const { phases } = await runLoad(load(port, ['--endpoints', '5']));
    expect(phases.register?.operations.register).toMatchObject({ ok: 0, refused: 5, codes: { '4.03': 5 } });
  });

  test('accepts an answer that comes separately and acknowledges it (RFC 7252 5.2.2)', async () => {
    const heard: Buffer[] = [];
    const port = await scripted((socket, request, peer) => {
      heard.push(request);
      const { messageId, token, code } = parse(request);
      if (code !== '0.02') return;
      const options = [{ name: 'Location-Path' as const, value: Buffer.from('rd') }];
      const answer = generate({
        code: '2.01',
        confirmable: true,
        messageId: 77,
        token: token ?? Buffer.alloc(0),
        options,
      });
      socket.send(Buffer.from([0x60, 0, messageId >> 8, messageId & 255]), peer.port, peer.address);
      socket.send(answer, peer.port, peer.address);
    });
    const { phases, protocol } = await runLoad(load(port, ['--endpoints', '1']));
    expect(phases.register?.operations.register?.ok).toBe(1);
    expect(protocol).toMatchObject({ emptyAcks: 1, separateAnswers: 1 });
    await expect.poll(() => heard.at(-1)).toEqual(Buffer.from([0x60, 0, 0, 77]));
  });

  test('takes an answer with a foreign message id for nothing (RFC 7252 4.4)', async () => {
    const port = await scripted((socket, request, peer) => {
      const { messageId, token = Buffer.alloc(0) } = parse(request);
      const options = [{ name: 'Location-Path' as const, value: Buffer.from('rd') }];
      for (const id of [(messageId + 1) & 0xffff, messageId]) {
        socket.send(generate({ code: '2.01', ack: true, messageId: id, token, options }), peer.port, peer.address);
      }
    });
    const { phases, protocol } = await runLoad(load(port, ['--endpoints', '1']));
    expect(phases.register?.operations.register?.ok).toBe(1);
    expect(protocol.unmatched).toBe(1);
  });
});

type Script = (socket: Socket, request: Buffer, peer: { port: number; address: string }) => void;

async function scripted(script: Script): Promise<number> {
  const socket = createSocket('udp4');
  socket.on('message', (request, peer) => script(socket, request, peer));
  closing.push(() => new Promise((resolve) => socket.close(() => resolve())));
  await new Promise<void>((resolve) => socket.bind(0, '127.0.0.1', resolve));
  return socket.address().port;
}
