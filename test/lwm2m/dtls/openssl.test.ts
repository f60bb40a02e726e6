import { expect, it } from 'vitest';
import { DtlsServer } from '../../../lwm2m/dtls/dtls-server.ts';
import { loadOpenssl } from '../../../lwm2m/dtls/openssl.ts';
import { DtlsNetwork } from './dtls-network.ts';

const LOSSES = { droppedBusy: 0, socketErrors: 0 };
const HERE = { host: '127.0.0.1', port: 0 };

it('OpenSSL 3 is found inside Node, and says what it can', async () => {
  const openssl = await loadOpenssl();
  expect(openssl.version).toMatch(/^OpenSSL 3\.\d/);
  expect(openssl.version).toContain(process.versions.openssl);
  expect(openssl.rawPublicKeys !== undefined).toBe(Number(process.versions.openssl?.split('.')[1]) >= 2);
});

it('OpenSSL may be taken from a shared library, apart from the one inside Node', async (context) => {
  const libssl = 'libssl.so.3';
  const found = await loadOpenssl(libssl).catch(() => undefined);
  if (found === undefined) context.skip(`${libssl} is not on this machine`);
  const network = await DtlsNetwork.open({ libssl });
  const device = await network.connect();
  device.say('hello');
  expect(device.heard).toEqual(['HELLO']);
  expect(network.server.capabilities?.version).toBe(found?.version);
  await network.close();
});

it('A library that is not there, or is no OpenSSL, is an error that says which', async () => {
  for (const path of ['/nowhere/libssl.so.3', process.execPath, import.meta.filename]) {
    await expect(loadOpenssl(path)).rejects.toMatchObject({
      code: 'dtls/unavailable',
      message: expect.stringContaining(path),
    });
  }
  const server = new DtlsServer({ ...HERE, libssl: '/nowhere/libssl.so.3', credential: () => undefined });
  await expect(server.open(() => {}, LOSSES)).rejects.toMatchObject({ code: 'dtls/unavailable' });
  await server.close();
});

it('A server without keys, or without a cipher suite for the keys it has, does not start', async () => {
  const bare = new DtlsServer(HERE);
  await expect(bare.open(() => {}, LOSSES)).rejects.toMatchObject({ code: 'dtls/credentials' });
  const ciphers = ['TLS_ECDHE_ECDSA_WITH_AES_128_CCM_8'] as const;
  const mismatched = new DtlsServer({ ...HERE, ciphers, credential: () => undefined });
  await expect(mismatched.open(() => {}, LOSSES)).rejects.toMatchObject({ code: 'dtls/ciphers' });
});

it('A port in use is told as for CoAP, and what was taken for the server is given back', async () => {
  const first = new DtlsServer({ ...HERE, credential: () => undefined });
  const { port } = await first.open(() => {}, LOSSES);
  expect(first.capabilities?.version).toMatch(/^OpenSSL/);
  const second = new DtlsServer({ ...HERE, port, credential: () => undefined });
  await expect(second.open(() => {}, LOSSES)).rejects.toMatchObject({ code: 'coap/port-in-use' });
  expect(second.capabilities).toBeUndefined();
  await first.close();
});
