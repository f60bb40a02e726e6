import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import coap from 'coap';
import { afterEach, describe, expect, it } from 'vitest';
import { CoapEndpoint } from '../../../lwm2m/coap/endpoint.ts';
import { peerAt } from '../../../lwm2m/coap/peers.ts';
import type { CoapHandler, CoapRequest } from '../../../lwm2m/coap/types.ts';

type ClientRequest = Parameters<typeof coap.request>[0];
type Reply = Awaited<ReturnType<typeof ask>>;

const closers: (() => unknown)[] = [];
afterEach(async () => {
  for (const close of closers.splice(0).reverse()) await close();
});

async function serve(handler: CoapHandler): Promise<number> {
  const endpoint = new CoapEndpoint({ host: '127.0.0.1', port: 0, parameters: { patience: 20 } }, handler);
  closers.push(() => endpoint.close(1_000));
  return (await endpoint.listen()).port;
}

/** One request by the foreign client. */
async function ask(
  port: number,
  params: Exclude<ClientRequest, string>,
  payload?: Buffer,
  block1?: number,
): Promise<{ code: string; payload: string; location: unknown }> {
  const agent = new coap.Agent({ type: 'udp4' });
  closers.push(() => agent.close());
  const request = coap.request({ host: '127.0.0.1', port, agent, ...params });
  if (block1 !== undefined) request.setOption('Block1', Buffer.from([block1]));
  const answered = once(request, 'response');
  request.end(payload);
  const [response] = (await answered) as [coap.IncomingMessage];
  return {
    code: response.code,
    payload: response.payload.toString(),
    location: (response._packet.options ?? [])
      .filter(({ name }) => name === 'Location-Path')
      .map(({ value }) => String(value)),
  };
}

describe('With the npm CoAP library as a foreign client', () => {
  it('a registration is answered, CON and NON', async () => {
    const seen: CoapRequest[] = [];
    const port = await serve((request) => {
      seen.push(request);
      return { code: '2.01', locationPath: ['rd', 'a1'] };
    });
    for (const confirmable of [true, false]) {
      const params = { method: 'POST', pathname: '/rd', query: 'ep=a&lt=60', confirmable } as const;
      const reply: Reply = await ask(port, params, Buffer.from('</1/0>'));
      expect(reply).toMatchObject({ code: '2.01', location: ['rd', 'a1'] });
    }
    expect(seen[0]).toMatchObject({ method: 'POST', path: ['rd'], query: ['ep=a', 'lt=60'] });
    expect(seen[0]?.payload.toString()).toBe('</1/0>');
  });

  it.each([0, 2, 6])('an upload by Block1 arrives whole, size exponent %i', async (szx) => {
    const text = Array.from({ length: 300 }, (_, n) => `</3303/${n}>`).join(',');
    const seen: string[] = [];
    const port = await serve((request) => {
      seen.push(request.payload.toString());
      return { code: '2.04', payload: String(request.payload.length) };
    });
    const params = { method: 'POST', pathname: '/rd/a1' } as const;
    expect(await ask(port, params, Buffer.from(text), szx)).toMatchObject({
      code: '2.04',
      payload: String(text.length),
    });
    expect(seen).toEqual([text]);
  });

  it('a long answer is fetched by Block2', async () => {
    const text = 'abcdefghij'.repeat(500);
    const port = await serve(() => ({ code: '2.05', payload: text }));
    expect(await ask(port, { pathname: '/a' })).toMatchObject({ code: '2.05', payload: text });
  });

  it('an answer that takes long comes separately and is acknowledged', async () => {
    const port = await serve(
      () => new Promise((resolve) => setTimeout(resolve, 60, { code: '2.05', payload: 'late' } as const)),
    );
    expect(await ask(port, { pathname: '/a' })).toMatchObject({ code: '2.05', payload: 'late' });
  });
});

describe('With the npm CoAP library as a foreign device', () => {
  it('requests of ours are answered at once or separately', async () => {
    const device = coap.createServer({ type: 'udp4', piggybackReplyMs: 20 });
    closers.push(() => new Promise<void>((resolve) => device.close(() => resolve())));
    device.on('request', (request, response) => {
      response.setOption('Content-Format', 'text/plain');
      const answer = (): unknown => response.end(`${request.method} ${request.url} ${request.payload.toString()}`);
      if (request.url.startsWith('/late')) setTimeout(answer, 80);
      else answer();
    });
    await new Promise<void>((resolve) => device.listen(0, '127.0.0.1', () => resolve()));
    const { port } = (device as unknown as { _sock: { address(): AddressInfo } })._sock.address();
    const endpoint = new CoapEndpoint({ host: '127.0.0.1', port: 0 }, () => ({ code: '4.04' }));
    closers.push(() => endpoint.close(0));
    await endpoint.listen();
    const peer = peerAt('127.0.0.1', port);
    const replies = await Promise.all([
      endpoint.request(peer, { method: 'GET', path: ['3', '0'], query: ['depth=1'] }),
      endpoint.request(peer, { method: 'PUT', path: ['late'], payload: 'x' }),
      endpoint.request(peer, { method: 'POST', path: ['1'], confirmable: false }),
    ]);
    expect(replies.map(({ payload }) => payload.toString())).toEqual(['GET /3/0?depth=1 ', 'PUT /late x', 'POST /1 ']);
    expect(replies[0]).toMatchObject({ code: '2.05', contentFormat: 0 });
    expect(endpoint.counters).toMatchObject({ replies: 3, unmatched: 0 });
  });
});
