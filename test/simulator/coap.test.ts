import { generate, parse } from 'coap-packet';
import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { BlockUploads, blockValue, readBlock } from '../../simulator/coap/blocks.ts';
import { Confirmables } from '../../simulator/coap/confirmables.ts';
import { readMessage, uintOption, writeMessage } from '../../simulator/coap/message.ts';
import { type DeviceSettings, SimulatedDevice } from '../../simulator/index.ts';
import { ScriptedServer } from './scripted-server.ts';
import { SteppedClock } from './stepped-clock.ts';

const bytes = (maxLength: number, minLength = 0) =>
  fc.uint8Array({ minLength, maxLength }).map((value) => Buffer.from(value));
const option = fc.record({ number: fc.integer({ min: 1, max: 2_000 }), value: bytes(300) });
const message = fc.record({
  type: fc.integer({ min: 0, max: 3 }),
  code: fc.constantFrom('0.01', '0.05', '0.07', '2.05', '2.31', '4.04', '5.03'),
  id: fc.integer({ min: 0, max: 65_535 }),
  token: bytes(8),
  options: fc.array(option, { maxLength: 6 }),
  payload: bytes(40),
});

describe('CoAP messages (RFC 7252 3)', () => {
  it('are read back as they were written, options in order', () => {
    fc.assert(
      fc.property(message, (written) => {
        const options = [...written.options].sort((a, b) => a.number - b.number);
        expect(readMessage(writeMessage(written))).toEqual({ ...written, options });
      }),
    );
  });

  it('are what another codec reads', () => {
    fc.assert(
      fc.property(message, (written) => {
        const { type, code, id, token, payload } = written;
        expect(parse(writeMessage(written))).toMatchObject({
          confirmable: type === 0,
          ack: type === 2,
          reset: type === 3,
          code,
          messageId: id,
          token,
          payload,
        });
      }),
    );
  });

  it('of any bytes are read or not, without an error', () => {
    fc.assert(
      fc.property(bytes(60), (datagram) => void readMessage(datagram)),
      { numRuns: 2_000 },
    );
    const start = Buffer.from([0x40, 1, 0, 1]);
    fc.assert(
      fc.property(bytes(40), (rest) => void readMessage(Buffer.concat([start, rest]))),
      { numRuns: 2_000 },
    );
  });

  it('hold numbers in as few bytes as they need (RFC 7252 3.2)', () => {
    expect([0, 1, 255, 256, 0xffffff].map((value) => uintOption(6, value).value.length)).toEqual([0, 1, 1, 2, 3]);
  });

  it('have blocks of seven sizes (RFC 7959 2.2)', () => {
    const size = fc.constantFrom(16, 32, 64, 128, 256, 512, 1024);
    const block = fc.record({ number: fc.integer({ min: 0, max: 2 ** 20 - 1 }), more: fc.boolean(), size });
    fc.assert(fc.property(block, (each) => void expect(readBlock(blockValue(each))).toEqual(each)));
    expect(readBlock(7)).toBeUndefined();
  });
});

describe('a payload in blocks (RFC 7959 2.5)', () => {
  const part = Buffer.alloc(16, 1);

  it('is whole with the last block, whichever came twice', () => {
    const uploads = new BlockUploads(1_000);
    const take = (number: number, more: boolean) => uploads.take('a', { number, more, size: 16 }, part);
    expect([take(0, true), take(1, true), take(1, true)]).toEqual(Array(3).fill({ code: '2.31' }));
    expect(take(2, false)).toEqual({ whole: Buffer.alloc(48, 1) });
  });

  it('is refused when a block is missing, of another payload, or one too many', () => {
    const uploads = new BlockUploads(40);
    const take = (key: string, number: number, more = true) => uploads.take(key, { number, more, size: 16 }, part);
    expect(take('a', 0)).toEqual({ code: '2.31' });
    expect(take('a', 2)).toEqual({ code: '4.08' });
    expect(take('b', 1)).toEqual({ code: '4.08' });
    expect(take('a', 1)).toEqual({ code: '2.31' });
    expect(take('a', 2)).toEqual({ code: '4.13' });
  });
});

describe('a confirmable message (RFC 7252 4.2)', () => {
  it('is sent again, four times and later each time, and then it is lost', async () => {
    const clock = new SteppedClock();
    let sent = 0;
    const ends: string[] = [];
    new Confirmables(clock, () => 0).send(
      1,
      () => {
        sent += 1;
      },
      (how) => ends.push(how),
    );
    const waits: number[] = [];
    while (clock.running > 0) waits.push(await clock.step());
    expect([waits, sent, ends]).toEqual([[2_000, 4_000, 8_000, 16_000, 32_000], 5, ['lost']]);
  });

  it('is sent no more once it is acknowledged', () => {
    const clock = new SteppedClock();
    const confirmables = new Confirmables(clock, () => 0);
    const ends: string[] = [];
    confirmables.send(
      1,
      () => {},
      (how) => ends.push(how),
    );
    expect(confirmables.receive(2, 'acknowledged')).toBe(false);
    expect(confirmables.receive(1, 'acknowledged')).toBe(true);
    expect(confirmables.receive(1, 'acknowledged')).toBe(false);
    expect([ends, clock.running]).toEqual([['acknowledged'], 0]);
  });
});

describe('a device on the wire', () => {
  let server: ScriptedServer;
  let device: SimulatedDevice | undefined;

  beforeEach(async () => {
    server = await ScriptedServer.start();
  });

  afterEach(async () => {
    await device?.stop({ deregister: false });
    server.close();
  });

  async function port(settings: Partial<DeviceSettings> = {}): Promise<number> {
    device = new SimulatedDevice({ server: server.server, endpoint: 'dev', clock: new SteppedClock(), ...settings });
    await device.start();
    await server.next();
    return device.localPort as number;
  }

  const packet = (more: object) =>
    generate({ confirmable: true, messageId: 4711, token: Buffer.of(1), ...more } as Parameters<typeof generate>[0]);
  const path = (...segments: string[]) =>
    segments.map((segment) => ({ name: 'Uri-Path' as const, value: Buffer.from(segment) }));

  it('answers a repeated request with the same bytes, and carries it out once (RFC 7252 4.2)', async () => {
    const asked: string[] = [];
    const to = await port({ onEvent: (event) => event.type === 'asked' && asked.push(event.path) });
    const executed = packet({ code: 'POST', options: path('3303', '0', '5605') });
    const first = await server.exchange(to, executed);
    expect(parse(first)).toMatchObject({ code: '2.04', ack: true, messageId: 4711 });
    expect((await server.exchange(to, executed)).equals(first)).toBe(true);
    expect(asked).toEqual(['/3303/0/5605']);
  });

  it('answers a non-confirmable request by a non-confirmable message (RFC 7252 5.2.3)', async () => {
    const asked = packet({ code: 'GET', confirmable: false, options: path('3303', '0', '5701') });
    const answer = parse(await server.exchange(await port(), asked));
    expect(answer).toMatchObject({ code: '2.05', confirmable: false, ack: false, payload: Buffer.from('Cel') });
  });

  it('refuses a critical option that it does not know (RFC 7252 5.4.1)', async () => {
    const options = [{ name: 9, value: Buffer.of(1) }, ...path('3')];
    expect(parse(await server.exchange(await port(), packet({ code: 'GET', options }))).code).toBe('4.02');
  });

  it('refuses a block of the reserved size, and one beyond the end (RFC 7959 2.2)', async () => {
    const to = await port();
    const block = (value: number) => [...path('3', '0'), { name: 'Block2' as const, value: Buffer.of(value) }];
    expect(parse(await server.exchange(to, packet({ code: 'GET', options: block(7) }))).code).toBe('4.00');
    const late = packet({ code: 'GET', messageId: 1, options: block(0xf6) });
    expect(parse(await server.exchange(to, late)).code).toBe('4.00');
  });

  it('gives the later blocks of what it began to give, not of what changed meanwhile (RFC 7959 2.4)', async () => {
    const to = await port({ objects: { 1: [0], 3: [0], 19: [0] } });
    device?.set('/19/0/0', new Map([[0, Buffer.alloc(40, 1)]]));
    const ask = async (messageId: number, block: number) => {
      const options = [...path('19', '0', '0', '0'), { name: 'Block2' as const, value: Buffer.of(block) }];
      return parse(await server.exchange(to, packet({ code: 'GET', messageId, options }))).payload;
    };
    const first = await ask(1, 0x00);
    device?.set('/19/0/0', new Map([[0, Buffer.alloc(40, 2)]]));
    expect(Buffer.concat([first, await ask(2, 0x10), await ask(3, 0x20)])).toEqual(Buffer.alloc(40, 1));
    expect(await ask(4, 0x00)).toEqual(Buffer.alloc(16, 2));
  });
});
