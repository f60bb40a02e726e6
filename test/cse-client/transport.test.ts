import { once } from 'node:events';
import type { ServerResponse } from 'node:http';
import { createServer } from 'node:net';
import { afterEach, describe, expect, it } from 'vitest';
import { CseClient, type CseClientOptions, type ResponsePrimitive } from '../../cse-client/index.ts';
import { HeldClock } from '../support/held-clock.ts';
import { answer, RawServer, rawAnswer, ScriptedCse } from './scripted-cse.ts';

const cleanups: (() => Promise<unknown>)[] = [];

afterEach(async () => {
  for (const cleanup of cleanups.splice(0).reverse()) await cleanup();
});

function clientOf(url: string, options: Partial<CseClientOptions> = {}): CseClient {
  const client = new CseClient({
    url,
    originator: 'Cipe',
    releaseVersion: '4',
    timeout: 5000,
    maxInFlight: 4,
    ...options,
  });
  cleanups.push(() => client.close());
  return client;
}

async function scripted(script: Parameters<typeof ScriptedCse.start>[0]): Promise<ScriptedCse> {
  const cse = await ScriptedCse.start(script);
  cleanups.push(() => cse.stop());
  return cse;
}

async function raw(onSocket: Parameters<typeof RawServer.start>[0]): Promise<RawServer> {
  const server = await RawServer.start(onSocket);
  cleanups.push(() => server.stop());
  return server;
}

const get = (client: CseClient) => client.request({ op: 2, to: 'cse-in' });
const put = (client: CseClient, pc: unknown = {}) => client.request({ op: 3, to: 'cse-in', pc });

/** Waits for what sockets bring about, without a fixed time. */
async function until(condition: () => boolean): Promise<void> {
  while (!condition()) await new Promise((resolve) => setImmediate(resolve));
}

describe('requests on the wire', () => {
  it('leave in one segment, head and body together, up to 16 KiB', async () => {
    const first: Buffer[] = [];
    const server = await raw((socket) => {
      socket.once('data', (chunk) => {
        first.push(chunk);
        socket.end(rawAnswer('', ['X-M2M-RSC: 2004', 'Connection: close']));
      });
    });
    const client = clientOf(server.url);
    for (const size of [10, 1_000, 4_000, 16_000]) {
      await put(client, { 'm2m:cnt': { lbl: ['x'.repeat(size)] } });
      const bytes = first.at(-1)?.toString('latin1') ?? '';
      const head = bytes.indexOf('\r\n\r\n');
      const length = Number(/content-length: (\d+)/i.exec(bytes)?.[1]);
      expect(length).toBeGreaterThan(size);
      expect(bytes.length - head - 4).toBe(length);
    }
  });

  it('stand behind the path of the CSE address', async () => {
    const cse = await scripted((_seen, response) => answer(response, 2000));
    await clientOf(`${cse.url}/onem2m/`).request({ op: 2, to: '/id-in/cse-in', rcn: 1 });
    expect(cse.seen[0]?.url).toBe('/onem2m/~/id-in/cse-in?rcn=1');
  });

  it('use a connection again and again', async () => {
    const cse = await scripted((_seen, response) => answer(response, 2000));
    const client = clientOf(cse.url);
    for (let i = 0; i < 20; i += 1) await get(client);
    expect(cse.connections).toBe(1);
  });

  it('are never more than maxInFlight at once, and the rest waits', async () => {
    const waiting: ServerResponse[] = [];
    let most = 0;
    const cse = await scripted((_seen, response) => {
      waiting.push(response);
      most = Math.max(most, waiting.length);
      // Whoever is going to come too many has a turn of the loop to do so.
      if (waiting.length === 3) {
        setImmediate(() => {
          for (const one of waiting.splice(0)) answer(one, 2000);
        });
      }
    });
    const client = clientOf(cse.url, { maxInFlight: 3 });
    const all = Array.from({ length: 60 }, () => get(client));
    expect([client.inFlight, client.queued]).toEqual([3, 57]);
    await Promise.all(all);
    expect(most).toBe(3);
    expect(cse.connections).toBe(3);
    expect([client.inFlight, client.queued]).toEqual([0, 0]);
  });

  it('are refused with cse/busy once the queue is full', async () => {
    const cse = await scripted((_seen, response) => answer(response, 2000));
    const client = clientOf(cse.url, { maxInFlight: 1, maxQueued: 2 });
    const taken = [get(client), get(client), get(client)];
    await expect(get(client)).rejects.toMatchObject({ code: 'cse/busy', retryable: true });
    await Promise.all(taken);
    expect(client.counters).toMatchObject({ requests: 4, succeeded: 3, failed: 1 });
  });

  it('that HTTP cannot carry reject with cse/bad-request and do not stop others', async () => {
    const cse = await scripted((_seen, response) => answer(response, 2000));
    const client = clientOf(cse.url, { maxInFlight: 1 });
    const bad = client.request({ op: 2, to: 'cse-in', fr: 'Ca\r\nX-Evil: 1' });
    await expect(bad).rejects.toMatchObject({ code: 'cse/bad-request', retryable: false });
    const many = Array.from({ length: 5_000 }, () =>
      client.request({ op: 2, to: 'cse-in', fr: 'C\n' }).catch(() => 'bad'),
    );
    expect(new Set(await Promise.all(many))).toEqual(new Set(['bad']));
    await expect(get(client)).resolves.toMatchObject({ rsc: 2000 });
    expect(cse.seen).toHaveLength(1);
    expect([client.inFlight, client.queued]).toEqual([0, 0]);
  });
});

describe('a CSE that does not answer as it should', () => {
  it.each(['127.0.0.1', 'localhost'])('refuses the connection at %s: cse/unreachable, in plain words', async (host) => {
    const server = createServer().listen(0, '127.0.0.1');
    await once(server, 'listening');
    const { port } = server.address() as { port: number };
    await new Promise((resolve) => server.close(resolve));
    const client = clientOf(`http://${host}:${port}`);
    await expect(put(client)).rejects.toMatchObject({
      code: 'cse/unreachable',
      retryable: true,
      message: `CSE at http://${host}:${port} is not reachable (connection refused)`,
      details: { sent: false },
    });
    expect([client.inFlight, client.queued]).toEqual([0, 0]);
  });

  it('hangs: cse/timeout when the time is over, for those on the wire and those that wait', async () => {
    const clock = new HeldClock(0);
    const cse = await scripted(() => {});
    const client = clientOf(cse.url, { maxInFlight: 1, timeout: 1000, clock });
    const onTheWire = expect(get(client)).rejects.toMatchObject({
      code: 'cse/timeout',
      retryable: true,
      message: `CSE at ${cse.url} did not answer within 1000 ms`,
      details: { sent: true },
    });
    const waiting = expect(get(client)).rejects.toMatchObject({
      code: 'cse/timeout',
      message: expect.stringContaining('no connection to it was free'),
    });
    await until(() => cse.seen.length === 1);
    clock.pass(999);
    expect(client.queued).toBe(1);
    clock.pass(41);
    await Promise.all([onTheWire, waiting]);
    expect([client.inFlight, client.queued]).toEqual([0, 0]);
  });

  it('hangs once: the next request gets a new connection and its answer', async () => {
    const clock = new HeldClock(0);
    let hang = true;
    const cse = await scripted((_seen, response) => {
      if (!hang) answer(response, 2000);
    });
    const client = clientOf(cse.url, { maxInFlight: 1, timeout: 1000, clock });
    const hung = expect(get(client)).rejects.toMatchObject({ code: 'cse/timeout' });
    await until(() => cse.seen.length === 1);
    clock.pass(1100);
    await hung;
    hang = false;
    await expect(get(client)).resolves.toMatchObject({ rsc: 2000 });
    expect(cse.connections).toBe(2);
  });

  it('sends its answer drop by drop: the deadline is for the whole of it', async () => {
    const clock = new HeldClock(0);
    let sent: ServerResponse | undefined;
    const cse = await scripted((_seen, response) => {
      response.writeHead(200, { 'X-M2M-RSC': '2000', 'Content-Length': '1000' });
      response.write('{"a":');
      sent = response;
    });
    const client = clientOf(cse.url, { timeout: 500, clock });
    const slow = expect(get(client)).rejects.toMatchObject({ code: 'cse/timeout' });
    await until(() => sent !== undefined);
    clock.pass(600);
    await slow;
  });

  it.each([
    ['bytes that are no HTTP', 'SSH-2.0-OpenSSH_9.2\r\n'],
    ['HTTP without X-M2M-RSC', rawAnswer('<html></html>', ['Content-Type: text/html'])],
    ['a body that is no JSON', rawAnswer('<xml/>')],
  ])('sends %s: cse/not-a-cse', async (_name, bytes) => {
    const server = await raw((socket) => socket.once('data', () => socket.end(bytes)));
    await expect(get(clientOf(server.url))).rejects.toMatchObject({
      code: 'cse/not-a-cse',
      retryable: false,
      message: expect.stringContaining(server.url),
    });
  });

  it('sends an answer beyond the limit: cse/not-a-cse', async () => {
    const cse = await scripted((_seen, response) => answer(response, 2000, { 'm2m:dbg': 'x'.repeat(5000) }));
    const client = clientOf(cse.url, { maxAnswerBytes: 4096 });
    await expect(get(client)).rejects.toMatchObject({ code: 'cse/not-a-cse' });
    await expect(clientOf(cse.url, { maxAnswerBytes: 8192 }).request({ op: 2, to: 'x' })).resolves.toBeDefined();
  });

  it('sends a large answer in many pieces: it arrives whole', async () => {
    const pc = { 'm2m:uril': Array.from({ length: 50_000 }, (_, i) => `cse-in/ä${i}`) };
    const cse = await scripted((_seen, response) => answer(response, 2000, pc));
    expect((await get(clientOf(cse.url))).pc).toEqual(pc);
  });

  it('breaks the connection in the middle of an answer: cse/unreachable, also for a GET', async () => {
    const server = await raw((socket) => socket.once('data', () => socket.end(rawAnswer('{"a":1}').slice(0, -3))));
    await expect(get(clientOf(server.url))).rejects.toMatchObject({ code: 'cse/unreachable', details: { sent: true } });
    expect(server.connections).toBe(1);
  });
});

describe('kept-alive connections', () => {
  /** Answers the first request of the first connection, and closes it at the sight of the second. */
  const closesOnReuse = (seen: string[]) =>
    raw((socket, number) => {
      let requests = 0;
      socket.on('data', (chunk) => {
        requests += 1;
        seen.push(chunk.toString().slice(0, 4).trim());
        if (number === 1 && requests > 1) socket.destroy();
        else socket.write(rawAnswer('{}'));
      });
    });

  it('that close as they are used again cost a GET nothing', async () => {
    const seen: string[] = [];
    const server = await closesOnReuse(seen);
    const client = clientOf(server.url);
    await get(client);
    await expect(get(client)).resolves.toMatchObject({ rsc: 2000 });
    expect(seen).toEqual(['GET', 'GET', 'GET']);
    expect(server.connections).toBe(2);
  });

  it('that close as they are used again fail an UPDATE, which may have been carried out', async () => {
    const seen: string[] = [];
    const server = await closesOnReuse(seen);
    const client = clientOf(server.url);
    await get(client);
    await expect(put(client)).rejects.toMatchObject({
      code: 'cse/unreachable',
      retryable: true,
      details: { sent: true },
    });
    expect(seen).toEqual(['GET', 'PUT']);
  });

  it('give up a GET after the second broken connection', async () => {
    const server = await raw((socket) => socket.once('data', () => socket.destroy()));
    await expect(get(clientOf(server.url))).rejects.toMatchObject({ code: 'cse/unreachable' });
    expect(server.connections).toBe(2);
  });

  it('that the CSE has closed while idle are opened anew, for any operation', async () => {
    const server = await raw((socket) => socket.on('data', () => socket.write(rawAnswer('{}'))));
    const client = clientOf(server.url);
    for (let i = 1; i <= 3; i += 1) {
      await expect(put(client)).resolves.toMatchObject({ rsc: 2000 });
      const [socket] = server.sockets;
      socket?.end();
      await until(() => server.sockets.size === 0);
      expect(server.connections).toBe(i);
    }
  });
});

describe('a CSE in the manner of tinyIoT', () => {
  const body = '{"m2m:cb":{"ri":"tinyiot","ty":5.0,"srt":[1.0,2.0]}}';

  it('closes each connection, adds two stray bytes and writes every number as 1.0: all is understood', async () => {
    const server = await raw((socket) =>
      socket.once('data', () => socket.end(rawAnswer(body, ['X-M2M-RSC: 2000.0', 'Connection: close'], '\r\n'))),
    );
    const client = clientOf(server.url, { maxInFlight: 2 });
    const answers = await Promise.all(Array.from({ length: 10 }, () => put(client)));
    for (const { rsc } of answers) expect(rsc).toBe(2000);
    expect(await client.retrieve(5, 'TinyIoT')).toMatchObject({ ri: 'tinyiot', ty: 5, srt: [1, 2] });
    expect(server.connections).toBe(11);
  });

  it.each(['\r\n', '\n\n', 'xx'])('adds the stray bytes %j without saying that it closes', async (stray) => {
    const server = await raw((socket) =>
      socket.once('data', () => {
        socket.write(rawAnswer(body, ['X-M2M-RSC: 2000'], stray));
        socket.end();
      }),
    );
    const client = clientOf(server.url, { maxInFlight: 1 });
    for (let i = 0; i < 5; i += 1) await expect(get(client)).resolves.toMatchObject({ rsc: 2000 });
  });
});

describe('giving up and closing', () => {
  it('a request ends with its signal, before, while waiting and on the wire', async () => {
    const cse = await scripted(() => {});
    const client = clientOf(cse.url, { maxInFlight: 1 });
    const give = new AbortController();
    const ends = [1, 2].map(() =>
      expect(client.request({ op: 2, to: 'x' }, { signal: give.signal })).rejects.toMatchObject({
        code: 'cse/aborted',
      }),
    );
    await until(() => cse.seen.length === 1);
    give.abort();
    await Promise.all(ends);
    await expect(client.request({ op: 2, to: 'x' }, { signal: give.signal })).rejects.toMatchObject({
      code: 'cse/aborted',
    });
    expect([client.inFlight, client.queued]).toEqual([0, 0]);
  });

  it('close lets what is on the wire finish, rejects what waits and takes no more', async () => {
    let release: (() => void) | undefined;
    const cse = await scripted((_seen, response) => {
      release = () => answer(response, 2000);
    });
    const client = clientOf(cse.url, { maxInFlight: 1 });
    const onTheWire: Promise<ResponsePrimitive> = get(client);
    const waiting = expect(get(client)).rejects.toMatchObject({ code: 'cse/closed' });
    await until(() => release !== undefined);
    const closed = client.close();
    await waiting;
    await expect(get(client)).rejects.toMatchObject({ code: 'cse/closed', retryable: false });
    release?.();
    await expect(onTheWire).resolves.toMatchObject({ rsc: 2000 });
    await closed;
  });

  it('close does not wait for a hung CSE longer than the timeout', async () => {
    const clock = new HeldClock(0);
    const cse = await scripted(() => {});
    const client = clientOf(cse.url, { timeout: 1000, clock });
    const hung = expect(client.request({ op: 2, to: 'x' }, { timeout: 60_000 })).rejects.toMatchObject({
      code: 'cse/closed',
    });
    await until(() => cse.seen.length === 1);
    const closed = client.close();
    clock.pass(1000);
    await Promise.all([closed, hung]);
  });
});
