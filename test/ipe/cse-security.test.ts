import { once } from 'node:events';
import { readFileSync, writeFileSync } from 'node:fs';
import { createServer, type Server } from 'node:https';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { CseClient, Operation } from '../../cse-client/index.ts';
import { parseConfiguration } from '../../ipe/configuration/index.ts';
import { cseSecurity } from '../../ipe/cse-security.ts';
import { CertificateAuthority, type Issued } from '../support/certificates.ts';

let authority: CertificateAuthority;
let server: Issued;
let device: Issued;
const cleanups: (() => unknown)[] = [];

beforeAll(() => {
  authority = new CertificateAuthority();
  server = authority.issue('localhost', { names: 'DNS:localhost,IP:127.0.0.1' });
  device = authority.issue('lwm2m-ipe');
});
afterAll(() => authority?.dispose());
afterEach(async () => {
  for (const cleanup of cleanups.splice(0).reverse()) await cleanup();
});

/** A CSE behind TLS that says who came: common name of the client's certificate, and its Authorization. */
async function startCse(issued = server, options: { requestCert?: boolean } = {}): Promise<string> {
  const pem = { cert: readFileSync(issued.certificate), key: readFileSync(issued.privateKey) };
  const trusted = { ca: readFileSync(authority.certificate), rejectUnauthorized: options.requestCert === true };
  const cse: Server = createServer({ ...pem, ...trusted, ...options }, (request, response) => {
    const { CN } =
      (request.socket as unknown as { getPeerCertificate(): { subject?: { CN?: string } } }).getPeerCertificate?.()
        .subject ?? {};
    response.setHeader('X-M2M-RSC', '2000');
    response.setHeader('Content-Type', 'application/json');
    response.end(JSON.stringify({ 'm2m:cb': { ri: CN ?? 'nobody', lbl: [request.headers.authorization ?? 'none'] } }));
  });
  cse.listen(0, '127.0.0.1');
  await once(cse, 'listening');
  cleanups.push(() => {
    cse.closeAllConnections();
    cse.close();
  });
  return `https://127.0.0.1:${(cse.address() as AddressInfo).port}`;
}

/** Asks the CSE as a configuration says. */
async function ask(url: string, cse: object): Promise<Record<string, unknown>> {
  const security = cseSecurity(parseConfiguration({ cse: { url, ...cse } }));
  const client = new CseClient({
    url,
    originator: 'Cipe',
    releaseVersion: '3',
    timeout: 5_000,
    maxInFlight: 1,
    ...security,
  });
  cleanups.push(() => client.close());
  const { pc } = await client.request({ op: Operation.retrieve, to: 'cse-in' });
  return (pc as Record<string, Record<string, unknown>>)['m2m:cb'] ?? {};
}

describe('a CSE behind TLS', () => {
  it('is spoken to when an authority that cse.tls.ca names has signed its certificate', async () => {
    const url = await startCse();
    expect(await ask(url, { tls: { ca: authority.certificate } })).toEqual({ ri: 'nobody', lbl: ['none'] });
  });

  it('is not trusted without, and the message says what to do', async () => {
    await expect(ask(await startCse(), {})).rejects.toMatchObject({
      code: 'cse/untrusted',
      message: expect.stringMatching(/is not trusted: no authority that is trusted here has signed its certificate/),
    });
  });

  it('is not trusted when its certificate has expired or is for another host', async () => {
    const tls = { ca: authority.certificate };
    const expired = await startCse(authority.issue('localhost', { names: 'IP:127.0.0.1', days: -1 }));
    await expect(ask(expired, { tls })).rejects.toThrow('its certificate has expired');
    const other = await startCse(authority.issue('elsewhere', { names: 'DNS:elsewhere' }));
    await expect(ask(other, { tls })).rejects.toThrow('its certificate is for another host name');
  });

  it('that wants to know its clients is shown cse.tls.certificate', async () => {
    const url = await startCse(server, { requestCert: true });
    const tls = { ca: authority.certificate, ...device };
    expect(await ask(url, { tls })).toMatchObject({ ri: 'lwm2m-ipe' });
    await expect(ask(url, { tls: { ca: authority.certificate } })).rejects.toMatchObject({ retryable: true });
  });

  it('is sent a bearer token, or user and password', async () => {
    const url = await startCse();
    const tls = { ca: authority.certificate };
    expect(await ask(url, { tls, authorization: { bearerToken: 'abc.def' } })).toMatchObject({
      lbl: ['Bearer abc.def'],
    });
    expect(await ask(url, { tls, authorization: { username: 'ipe', password: 'p:w' } })).toMatchObject({
      lbl: [`Basic ${Buffer.from('ipe:p:w').toString('base64')}`],
    });
  });
});

describe('files that do not fit', () => {
  const security = (tls: object) => () => cseSecurity(parseConfiguration({ cse: { url: 'https://cse', tls } }));

  it('are named, with the key and what is wrong', () => {
    const text = join(authority.folder, 'text.pem');
    writeFileSync(text, 'no certificate');
    expect(security({ ca: '/nowhere.pem' })).toThrow('cse.tls.ca: cannot read /nowhere.pem: there is no such file');
    expect(security({ ca: text })).toThrow(`cse.tls.ca: ${text} holds no PEM certificate`);
    expect(security({ certificate: device.certificate })).toThrow('go together; only one is set');
    expect(security({ ...device, privateKey: text })).toThrow('holds no unencrypted PEM private key');
    expect(security({ ...device, privateKey: server.privateKey })).toThrow('is not the key of cse.tls.certificate');
  });
});
