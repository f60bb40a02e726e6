import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { dtls } from 'node-dtls-client';
import { afterEach, describe, expect, it } from 'vitest';
import { CoapEndpoint } from '../../../lwm2m/coap/endpoint.ts';
import { decodeMessage } from '../../../lwm2m/coap/message.ts';
import type { CoapRequest } from '../../../lwm2m/coap/types.ts';
import { DtlsServer } from '../../../lwm2m/dtls/dtls-server.ts';
import type { DtlsServerOptions } from '../../../lwm2m/dtls/options.ts';
import { CertificateAuthority } from '../../support/certificates.ts';
import { encodeMessage } from '../../support/coap-message.ts';
import { message } from '../coap/layer-harness.ts';
import { KEY } from './dtls-network.ts';
import { withoutOpenssl } from './openssl-command.ts';

const clean: (() => unknown)[] = [];
afterEach(async () => {
  for (const close of clean.splice(0).reverse()) await close();
});

/** A CoAP endpoint over DTLS on loopback that answers each request with who asked. */
async function serve(options: Partial<DtlsServerOptions> = {}) {
  const address = { host: '127.0.0.1', port: 0 };
  const server = new DtlsServer({ ...address, credential: (id) => (id === 'device' ? KEY : undefined), ...options });
  const requests: CoapRequest[] = [];
  const endpoint = new CoapEndpoint({ ...address, transport: server }, (request) => {
    requests.push(request);
    return { code: '2.05', payload: request.peer.key };
  });
  const { port } = await endpoint.listen();
  clean.push(() => endpoint.close(0));
  return { server, endpoint, requests, port };
}

const GET = encodeMessage(message({ messageId: 7, token: Buffer.from('t') }));

describe('node-dtls-client', () => {
  function connect(port: number, psk: Record<string, Buffer>, timeout = 5_000) {
    const socket = dtls.createSocket({
      type: 'udp4',
      address: '127.0.0.1',
      port,
      psk: psk as unknown as Record<string, string>,
      timeout,
      ciphers: ['TLS_PSK_WITH_AES_128_CCM_8'],
    });
    clean.push(() => new Promise<void>((resolve) => socket.close(() => resolve())).catch(() => {}));
    return socket;
  }

  it('shakes hands, asks by CoAP, is answered, and is asked by the server in turn', async () => {
    const { port, requests, endpoint } = await serve();
    const socket = connect(port, { device: KEY });
    await once(socket, 'connected');
    socket.send(GET);
    const [answer] = await once(socket, 'message');
    expect(decodeMessage(answer as Buffer).payload.toString()).toBe('psk#device');
    const peer = requests[0]?.peer;
    if (peer === undefined) throw new TypeError('no request came');
    const reply = endpoint.request(peer, { method: 'GET', path: ['3', '0', '0'] });
    const [asked] = await once(socket, 'message');
    const { messageId, token } = decodeMessage(asked as Buffer);
    socket.send(encodeMessage(message({ type: 2, code: 0x45, messageId, token, payload: Buffer.from('maker') })));
    expect((await reply).payload.toString()).toBe('maker');
  });

  it('with a wrong key does not get in', async () => {
    const { port, server } = await serve();
    const socket = connect(port, { device: Buffer.alloc(16, 1) }, 700);
    const [error] = await once(socket, 'error');
    expect(String(error)).toMatch(/timed out|timeout/i);
    expect(server.held.sessions).toBe(0);
  });
});

describe.skipIf(withoutOpenssl())('openssl s_client', () => {
  function connect(port: number, ...words: string[]) {
    const client = spawn('openssl', ['s_client', '-dtls1_2', '-connect', `127.0.0.1:${port}`, ...words]);
    clean.push(() => client.kill());
    return client;
  }

  /** What it printed, once that is there. */
  async function printed(client: ChildProcess, what: string | RegExp): Promise<string> {
    let text = '';
    for await (const chunk of client.stdout ?? []) {
      text += (chunk as Buffer).toString('latin1');
      if (typeof what === 'string' ? text.includes(what) : what.test(text)) return text;
    }
    throw new TypeError(`openssl ended without ${what}:\n${text}`);
  }

  it('shakes hands by pre-shared key and asks by CoAP', async () => {
    const { port } = await serve();
    const psk = ['-psk', KEY.toString('hex'), '-psk_identity', 'device', '-cipher', 'PSK-AES128-CCM8:@SECLEVEL=0'];
    const client = connect(port, ...psk, '-quiet');
    client.stdin.write(GET);
    expect(await printed(client, 'psk#device')).toContain('psk#device');
  });

  it('shakes hands by certificate, checks that of the server, and asks by CoAP', async () => {
    const authority = new CertificateAuthority();
    clean.push(() => authority.dispose());
    const own = authority.issue('server', { names: 'IP:127.0.0.1' });
    const device = authority.issue('device-9');
    const pem = (file: string) => readFileSync(file, 'utf8');
    const certificate = {
      chain: pem(own.certificate),
      privateKey: pem(own.privateKey),
      authorities: pem(authority.certificate),
    };
    const { port, requests } = await serve({ certificate });
    const files = ['-cert', device.certificate, '-key', device.privateKey, '-CAfile', authority.certificate];
    const cipher = ['-cipher', 'ECDHE-ECDSA-AES128-CCM8:@SECLEVEL=0'];
    const client = connect(port, ...files, ...cipher, '-verify_return_error', '-quiet');
    client.stdin.write(GET);
    await printed(client, /x509#[0-9a-f]{64}/);
    expect(requests[0]?.peer.identity).toMatchObject({ kind: 'x509', commonName: 'device-9' });
  });
});
