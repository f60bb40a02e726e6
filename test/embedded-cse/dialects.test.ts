import { connect } from 'node:net';
import { afterEach, describe, expect, it } from 'vitest';
import { type CseBase, CseClient, DIALECTS, type DialectName, detectDialect } from '../../cse-client/index.ts';
import { Listener } from '../contract/listener.ts';
import { CREATE, DELETE, InProcess, RETRIEVE, UPDATE } from './requests.ts';

const stops: (() => Promise<void>)[] = [];
afterEach(async () => {
  for (const stop of stops.splice(0).reverse()) await stop();
});

function play(dialect: DialectName): InProcess {
  return new InProcess({ dialect });
}

async function serve(dialect: DialectName): Promise<{ at: InProcess; url: string; port: number }> {
  const at = play(dialect);
  const { url, port } = await at.cse.start();
  stops.push(() => at.cse.stop());
  return { at, url, port };
}

const ae = (rn: string, more: object = {}) => ({ 'm2m:ae': { rn, api: 'Nx', rr: false, srv: ['3'], ...more } });

describe.each(['acme', 'mobius4', 'tinyiot', 'standard'] as const)('the embedded CSE as %s', (dialect) => {
  it('is known by its CSEBase', async () => {
    const at = play(dialect);
    const cseBase = (await at.retrieve(at.cse.cseBase, 'CAdmin')) as unknown as CseBase;
    expect(detectDialect(cseBase)).toBe(dialect);
  });

  it('serves an AE with a container and a value through the client', async () => {
    const { at, url } = await serve(dialect);
    const client = new CseClient({
      url,
      originator: 'Capp',
      releaseVersion: '3',
      timeout: 5_000,
      maxInFlight: 4,
      dialect: DIALECTS[dialect],
    });
    stops.push(() => client.close());
    const made = await client.create(2, at.cse.cseBase, { rn: 'app', api: 'Nx', rr: false, srv: ['3'], lbl: ['a:b'] });
    expect([made.aei, made.ty]).toEqual(['Capp', 2]);
    await client.create(3, `${at.cse.cseBase}/app`, { rn: 'c', mni: 2 });
    for (const con of ['1', '2', '3']) await client.create(4, `${at.cse.cseBase}/app/c`, { con });
    expect((await client.retrieve(4, `${at.cse.cseBase}/app/c/la`)).con).toBe('3');
    expect((await client.retrieve(3, `${at.cse.cseBase}/app/c`)).cni).toBe(2);
    expect(await client.discover(`${at.cse.cseBase}/app`, { ty: [3] })).toEqual([`${at.cse.cseBase}/app/c`]);
    await client.delete(`${at.cse.cseBase}/app`);
  });
});

describe('as Mobius4', () => {
  it('lets anybody read the CSEBase and needs no release version', async () => {
    const at = play('mobius4');
    expect((await at.ask(RETRIEVE, 'Mobius', 'Cnobody', { rvi: '9' })).rsc).toBe(2000);
    expect((await at.cse.handle({ op: RETRIEVE, to: 'Mobius', fr: 'Cnobody', rqi: 'r' })).rsc).toBe(2000);
    expect((await at.cse.handle({ op: RETRIEVE, to: 'Mobius', fr: 'Cnobody', rqi: '' })).rsc).toBe(4000);
  });

  it('takes an AE-ID of 30 characters, not of 31', async () => {
    const at = play('mobius4');
    expect((await at.create('Mobius', 'C'.padEnd(30, 'x'), 2, ae('a'))).rsc).toBe(2001);
    expect((await at.create('Mobius', 'C'.padEnd(31, 'x'), 2, ae('b'))).rsc).toBe(4000);
  });

  it('looks at the name (4105) before the AE-ID (4117)', async () => {
    const at = play('mobius4');
    await at.register('a');
    expect((await at.create('Mobius', 'Ca', 2, ae('a'))).rsc).toBe(4105);
    expect((await at.create('Mobius', 'Ca', 2, ae('b'))).rsc).toBe(4117);
  });

  it('takes addresses of 255 characters and names that begin with a letter or digit', async () => {
    const at = play('mobius4');
    const path = await at.register('a');
    const room = 255 - path.length - 1;
    expect((await at.create(path, 'Ca', 3, { 'm2m:cnt': { rn: 'x'.repeat(room) } })).rsc).toBe(2001);
    expect((await at.create(path, 'Ca', 3, { 'm2m:cnt': { rn: 'y'.repeat(room + 1) } })).rsc).toBe(4000);
    for (const rn of ['_a', '-a', '.a', 'a:b', 'a~b']) {
      expect((await at.create(path, 'Ca', 3, { 'm2m:cnt': { rn } })).rsc).toBe(4000);
    }
  });

  it('has no node (405/4005), refuses nl and aei at CREATE', async () => {
    const at = play('mobius4');
    expect((await at.create('Mobius', 'CAdmin', 14, { 'm2m:nod': { ni: 'x' } })).rsc).toBe(4005);
    expect((await at.create('Mobius', 'Ca', 2, ae('a', { nl: 'x' }))).rsc).toBe(4000);
    expect((await at.create('Mobius', 'Ca', 2, ae('a', { aei: 'Ca' }))).rsc).toBe(4000);
  });

  it('takes et without a fraction only, and beyond the parent’s', async () => {
    const at = play('mobius4');
    const path = await at.register('a', { et: '20400101T000000' });
    expect((await at.create(path, 'Ca', 3, { 'm2m:cnt': { et: '20390101T000000,5' } })).rsc).toBe(4000);
    const made = await at.create(path, 'Ca', 3, { 'm2m:cnt': { rn: 'c', et: '20500101T000000' } });
    expect(made.rsc).toBe(2001);
    expect(await at.retrieve(`${path}/c`, 'Ca')).toMatchObject({ et: '20500101T000000' });
    expect((await at.retrieve(path, 'Ca')).ct).toMatch(/^\d{8}T\d{6}$/);
  });

  it('knows no administrator below an AE', async () => {
    const at = play('mobius4');
    const path = await at.register('a');
    await at.create(path, 'Ca', 3, { 'm2m:cnt': { rn: 'c' } });
    expect((await at.ask(RETRIEVE, `${path}/c`, 'CAdmin')).rsc).toBe(4103);
    expect((await at.ask(DELETE, path, 'CAdmin')).rsc).toBe(4103);
  });

  it('takes acpi at CREATE, unknown ones too, and by UPDATE only where some were set: 5000', async () => {
    const at = play('mobius4');
    const path = await at.register('a');
    await at.create(path, 'Ca', 3, { 'm2m:cnt': { rn: 'none' } });
    expect((await at.create(path, 'Ca', 3, { 'm2m:cnt': { rn: 'some', acpi: ['Mobius/nothing'] } })).rsc).toBe(2001);
    const pc = { 'm2m:cnt': { acpi: ['Mobius/x'] } };
    expect((await at.ask(UPDATE, `${path}/none`, 'Ca', { pc })).rsc).toBe(5000);
  });

  it('knows all in acor, and no wildcards', async () => {
    const at = play('mobius4');
    const path = await at.register('a');
    const acp = (rn: string, acor: string[]) =>
      at.create('Mobius', 'Ca', 1, {
        'm2m:acp': { rn, pv: { acr: [{ acor, acop: 2 }] }, pvs: { acr: [{ acor: ['Ca'], acop: 63 }] } },
      });
    await acp('all', ['all']);
    await acp('some', ['C*']);
    await at.create(path, 'Ca', 3, { 'm2m:cnt': { rn: 'open', acpi: ['Mobius/all'] } });
    await at.create(path, 'Ca', 3, { 'm2m:cnt': { rn: 'shut', acpi: ['Mobius/some'] } });
    expect((await at.ask(RETRIEVE, `${path}/open`, 'Cb')).rsc).toBe(2000);
    expect((await at.ask(RETRIEVE, `${path}/shut`, 'Cb')).rsc).toBe(4103);
  });

  it('trims at the next CREATE after a lower mni', async () => {
    const at = play('mobius4');
    const path = await at.register('a');
    await at.create(path, 'Ca', 3, { 'm2m:cnt': { rn: 'c' } });
    for (const con of ['1', '2', '3']) await at.create(`${path}/c`, 'Ca', 4, { 'm2m:cin': { con } });
    await at.ask(UPDATE, `${path}/c`, 'Ca', { pc: { 'm2m:cnt': { mni: 1 } } });
    expect((await at.retrieve(`${path}/c`, 'Ca')).cni).toBe(3);
    await at.create(`${path}/c`, 'Ca', 4, { 'm2m:cin': { con: '4' } });
    expect((await at.retrieve(`${path}/c`, 'Ca')).cni).toBe(1);
  });

  it('pages a discovery with contentStatus and contentOffset', async () => {
    const at = play('mobius4');
    const path = await at.register('a');
    for (const rn of ['x', 'y', 'z']) await at.create(path, 'Ca', 3, { 'm2m:cnt': { rn, lbl: ['l'] } });
    const first = await at.ask(RETRIEVE, path, 'Ca', { fc: { fu: 1, lbl: ['l'], lim: 2 } });
    expect(first).toMatchObject({ cnst: 1, cnot: 3, pc: { 'm2m:uril': [`${path}/x`, `${path}/y`] } });
    const rest = await at.ask(RETRIEVE, path, 'Ca', { fc: { fu: 1, lbl: ['l'], lim: 2, ofst: 3 } });
    expect(rest).toMatchObject({ cnst: 2, pc: { 'm2m:uril': [`${path}/z`] } });
  });

  it('never answers a query with two lbl; joined by + they are OR', async () => {
    const { at, url } = await serve('mobius4');
    await at.register('a', { lbl: ['x'] });
    const headers = { 'X-M2M-Origin': 'Ca', 'X-M2M-RI': '1' };
    const joined = await fetch(`${url}/Mobius?fu=1&lbl=x+y`, { headers });
    expect(await joined.json()).toEqual({ 'm2m:uril': ['Mobius/a'] });
    const asked = fetch(`${url}/Mobius?fu=1&lbl=x&lbl=y`, { headers, signal: AbortSignal.timeout(300) });
    await expect(asked).rejects.toThrow(/timeout/i);
  });

  it('asks no target of a subscription, and says nothing when it goes', async () => {
    const at = play('mobius4');
    const path = await at.register('a');
    const pc = { 'm2m:sub': { rn: 's', nu: ['http://127.0.0.1:9/'], su: 'http://127.0.0.1:9/', enc: { net: [3] } } };
    expect((await at.create(path, 'Ca', 23, pc)).rsc).toBe(2001);
    await at.ask(DELETE, `${path}/s`, 'Ca');
    await at.cse.notificationsSettled();
    expect(at.cse.counters.notifications).toEqual({ sent: 0, failed: 0, dropped: 0 });
  });

  it('answers a wrong or empty representation with 5000', async () => {
    const at = play('mobius4');
    const path = await at.register('a');
    expect((await at.create(path, 'Ca', 3, { 'm2m:ae': {} })).rsc).toBe(5000);
    expect((await at.create(path, 'Ca', 3, {})).rsc).toBe(5000);
    expect((await at.ask(UPDATE, path, 'Ca', { pc: { 'm2m:cnt': {} } })).rsc).toBe(5000);
  });
});

describe('as tinyIoT', () => {
  it('lets only the administrator read the CSEBase and discover there', async () => {
    const at = play('tinyiot');
    const path = await at.register('a', { lbl: ['x'] });
    expect((await at.ask(RETRIEVE, 'TinyIoT', 'Ca')).rsc).toBe(4103);
    expect((await at.ask(RETRIEVE, 'TinyIoT', 'Ca', { fc: { fu: 1 } })).rsc).toBe(4103);
    expect((await at.ask(RETRIEVE, 'TinyIoT', 'CAdmin', { fc: { fu: 1, lbl: ['x'] } })).pc).toEqual({
      'm2m:uril': [path],
    });
    expect((await at.ask(RETRIEVE, path, 'Ca', { fc: { fu: 1 } })).rsc).toBe(2000);
  });

  it('needs a release version, no request identifier', async () => {
    const at = play('tinyiot');
    expect((await at.cse.handle({ op: RETRIEVE, to: 'TinyIoT', fr: 'CAdmin', rqi: '', rvi: '3' })).rsc).toBe(2000);
    expect((await at.cse.handle({ op: RETRIEVE, to: 'TinyIoT', fr: 'CAdmin', rqi: 'r' })).rsc).toBe(4001);
  });

  it('takes strings as content, and contentInfo of type/sub:N', async () => {
    const at = play('tinyiot');
    const path = await at.register('a');
    await at.create(path, 'Ca', 3, { 'm2m:cnt': { rn: 'c' } });
    for (const con of [7, true, { a: 1 }, null]) {
      expect((await at.create(`${path}/c`, 'Ca', 4, { 'm2m:cin': { con } })).rsc).toBe(4000);
    }
    expect((await at.create(`${path}/c`, 'Ca', 4, { 'm2m:cin': { con: '7', cnf: 'text/plain:9' } })).rsc).toBe(2001);
    expect((await at.create(`${path}/c`, 'Ca', 4, { 'm2m:cin': { con: '7', cnf: 'text' } })).rsc).toBe(4000);
  });

  it('has no node (400/4000), refuses nl, and acpi by UPDATE; an unknown policy is 4000', async () => {
    const at = play('tinyiot');
    const path = await at.register('a');
    expect((await at.create('TinyIoT', 'CAdmin', 14, { 'm2m:nod': { ni: 'x' } })).rsc).toBe(4000);
    expect((await at.create('TinyIoT', 'Cb', 2, ae('b', { nl: 'x' }))).rsc).toBe(4000);
    expect((await at.ask(UPDATE, path, 'Ca', { pc: { 'm2m:ae': { acpi: ['x'] } } })).rsc).toBe(4000);
    expect((await at.create(path, 'Ca', 3, { 'm2m:cnt': { acpi: ['nothing'] } })).rsc).toBe(4000);
  });

  it('lets anybody CREATE where there are no policies, and nothing else', async () => {
    const at = play('tinyiot');
    const path = await at.register('a');
    expect((await at.create(path, 'Cb', 3, { 'm2m:cnt': { rn: 'theirs' } })).rsc).toBe(2001);
    expect((await at.ask(RETRIEVE, path, 'Cb')).rsc).toBe(4103);
    expect((await at.ask(DELETE, path, 'CAdmin')).rsc).toBe(2002);
  });

  it('looks at the first label only', async () => {
    const at = play('tinyiot');
    const path = await at.register('a');
    await at.create(path, 'Ca', 3, { 'm2m:cnt': { rn: 'x', lbl: ['x'] } });
    await at.create(path, 'Ca', 3, { 'm2m:cnt': { rn: 'y', lbl: ['y z'] } });
    const find = async (lbl: string[]) => (await at.ask(RETRIEVE, path, 'Ca', { fc: { fu: 1, lbl } })).pc;
    expect(await find(['x', 'y z'])).toEqual({ 'm2m:uril': [`${path}/x`] });
    expect(await find(['y z'])).toEqual({ 'm2m:uril': [`${path}/y`] });
  });

  it('writes every number with a decimal point, closes the connection, and leaves two bytes behind the body', async () => {
    const { port } = await serve('tinyiot');
    const text = await new Promise<string>((resolve, reject) => {
      let read = '';
      const socket = connect(port, '127.0.0.1', () => {
        socket.write('GET /TinyIoT HTTP/1.1\r\nHost: x\r\nX-M2M-Origin: CAdmin\r\nX-M2M-RI: 1\r\nX-M2M-RVI: 3\r\n\r\n');
      });
      socket.on('data', (chunk) => {
        read += chunk.toString();
      });
      socket.on('end', () => resolve(read));
      socket.on('error', reject);
    });
    const [head = '', body = ''] = text.split('\r\n\r\n');
    const length = Number(/content-length: (\d+)/i.exec(head)?.[1]);
    expect(head).toMatch(/^HTTP\/1\.1 200 OK\r\n/);
    expect(head).toMatch(/Connection: close/);
    expect(body.slice(0, length)).toMatch(/"ty":5\.0/);
    expect(body.slice(length)).toBe('\r\n');
  });

  it('refuses a body above 64 KiB', async () => {
    const { url } = await serve('tinyiot');
    const headers = {
      'X-M2M-Origin': 'Ca',
      'X-M2M-RI': '1',
      'X-M2M-RVI': '3',
      'Content-Type': 'application/json;ty=2',
    };
    const answer = await fetch(`${url}/TinyIoT`, {
      method: 'POST',
      headers,
      body: JSON.stringify(ae('a', { apn: 'x'.repeat(70_000) })),
    });
    expect(answer.status).toBe(400);
  });

  it('notifies with the identifier notify, release 3 and decimal numbers, and tells all targets of an end', async () => {
    const at = play('tinyiot');
    const listener = await Listener.start();
    stops.push(() => listener.stop());
    const path = await at.register('a');
    await at.create(path, 'Ca', 3, { 'm2m:cnt': { rn: 'c' } });
    const pc = { 'm2m:sub': { rn: 's', nu: [listener.url], enc: { net: [3] } } };
    expect((await at.create(`${path}/c`, 'Ca', 23, pc)).rsc).toBe(2001);
    await at.create(`${path}/c`, 'Ca', 4, { 'm2m:cin': { con: '1' } });
    await listener.until(() => listener.notifications.length === 1);
    expect(listener.arrivals.at(-1)?.headers).toMatchObject({ 'x-m2m-ri': 'notify', 'x-m2m-rvi': '3' });
    await at.ask(DELETE, `${path}/c/s`, 'Ca');
    await listener.until(() => listener.notifications.length === 2);
    expect(listener.notifications[1].sud).toBe(true);
    await at.cse.stop();
  });

  it('does not deliver to /cse-id/AE-ID: 5204', async () => {
    const at = play('tinyiot');
    await at.register('t', { rr: true, poa: ['http://127.0.0.1:9'] });
    const path = await at.register('a');
    const pc = { 'm2m:sub': { nu: ['/tinyiot/Ct'], enc: { net: [3] } } };
    expect((await at.create(path, 'Ca', 23, pc)).rsc).toBe(5204);
  });
});

describe('as the standard', () => {
  it('has none of the faults of ACME: no AE-ID leaks, a node may go first, nl may be taken away', async () => {
    const at = play('standard');
    await at.register('a');
    expect((await at.create('cse-in', 'Cb', 2, ae('a'))).rsc).toBe(4105);
    expect((await at.create('cse-in', 'Cb', 2, ae('b'))).rsc).toBe(2001);
    const { pc } = await at.create('cse-in', 'Cb', 14, { 'm2m:nod': { ni: 'x' } });
    const nl = (pc as { 'm2m:nod': { ri: string } })['m2m:nod'].ri;
    expect((await at.create('cse-in', 'Cc', 2, ae('c', { nl: `/id-in/${nl}` }))).rsc).toBe(2001);
    expect((await at.ask(DELETE, nl, 'Cb')).rsc).toBe(2002);
    expect((await at.ask(UPDATE, 'cse-in/c', 'Cc', { pc: { 'm2m:ae': { lbl: ['x'] } } })).rsc).toBe(2004);
    expect((await at.ask(UPDATE, 'cse-in/c', 'Cc', { pc: { 'm2m:ae': { nl: null } } })).rsc).toBe(2004);
    expect((await at.ask(DELETE, 'cse-in/c', 'Cc')).rsc).toBe(2002);
  });

  it('lets a registered AE create nodes, counts lim on what was found, and finds labels with blanks', async () => {
    const at = play('standard');
    const path = await at.register('a');
    for (const rn of ['x', 'y']) await at.create(path, 'Ca', 3, { 'm2m:cnt': { rn, lbl: ['with blank'] } });
    const found = await at.ask(RETRIEVE, path, 'Ca', { fc: { fu: 1, lbl: ['with blank'], lim: 1 } });
    expect(found).toMatchObject({ cnst: 1, cnot: 2, pc: { 'm2m:uril': [`${path}/x`] } });
    expect((await at.ask(CREATE, 'cse-in', 'Ca', { ty: 14, pc: { 'm2m:nod': { ni: 'n' } } })).rsc).toBe(2001);
  });
});
