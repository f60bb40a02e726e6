import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { generate, parse } from 'coap-packet';
import { silentLogger } from '../common/index.ts';
import { LmdbStore } from '../ipe/store/lmdb-store.ts';
import { decodeObjectLinks, parsePath, type Registration } from '../lwm2m/index.ts';
import { endpointNames } from '../mappings/index.ts';
import { FOUR_LINKS } from './load/options.ts';
import { processUsage } from './process-usage.ts';
import { startBridge, startCountingCse } from './subjects.ts';

const LIFETIME = 86_400;
const ORIGINATOR = 'Clwm2m-ipe';
const BASE = 'cse-in';

/** What devices with `FOUR_LINKS` are observed for. */
const OBSERVED = ['/3/0', '/3303/0', '/3311/0'].map(parsePath);

/** Registrations with their trees and observations, as a run before would have left them on that CSE. */
async function fill(path: string, url: string, endpoints: number): Promise<Registration> {
  const store = LmdbStore.open({ path, logger: silentLogger });
  const objectLinks = decodeObjectLinks(Buffer.from(FOUR_LINKS));
  const now = Date.now();
  store.put('setting', 'cse', `${ORIGINATOR} ${url}/${BASE}`);
  store.put('setting', 'aliveAt', now);
  let last: Registration | undefined;
  for (let number = 0; number < endpoints; number += 1) {
    const endpoint = `urn:imei:${`${number}`.padStart(15, '0')}`;
    const port = 1_024 + (number % 60_000);
    const times = { registeredAt: now, updatedAt: now };
    const said = { lifetime: LIFETIME, version: '1.1', binding: 'U', queueMode: false, objectLinks } as const;
    const peer = { address: '127.0.0.1', port, key: `127.0.0.1#${port}` };
    last = { id: `${number}`.padStart(22, 'x'), endpoint, peer, ...said, ...times };
    store.put('registration', endpoint, last);
    const names = endpointNames(endpoint, { nodePrefix: 'node-' });
    const expiresAt = now + LIFETIME * 1_000;
    store.put('tree', endpoint, {
      ...{ endpoint, names, version: '1.1', objectLinks, nodeId: `nod${number}`, expiresAt, lasting: new Set() },
    });
    for (const [index, path] of OBSERVED.entries()) {
      const token = Buffer.alloc(8);
      token.writeUIntBE(number * OBSERVED.length + index, 2, 6);
      const asked = { token, paths: [path], composite: false, format: 110 };
      store.put('observation', token.toString('hex'), { endpoint, registrationId: last.id, ...asked });
    }
    if (number % 10_000 === 0) await store.flushed();
  }
  await store.close();
  return last as Registration;
}

/** Sends Updates until one is answered; its code. */
async function updated(port: number, { id }: Registration): Promise<string> {
  const socket = createSocket('udp4');
  const path = ['rd', id].map((segment) => ({ name: 'Uri-Path' as const, value: Buffer.from(segment) }));
  const message = generate({ code: 'POST', confirmable: true, messageId: 7, token: Buffer.from('a'), options: path });
  try {
    for (;;) {
      socket.send(message, port, '127.0.0.1');
      const [bytes] = (await once(socket, 'message')) as [Buffer];
      const { code } = parse(bytes);
      if (code !== '0.00') return code;
    }
  } finally {
    socket.close();
  }
}

/**
 * `node dist/bench/store-restart.js [--endpoints N]`: seconds from the start of the process until its ready line and until a
 * device is served, seconds of CPU and megabytes resident at the ready line.
 */
async function measure(): Promise<void> {
  const { values } = parseArgs({ options: { endpoints: { type: 'string', default: '100000' } } });
  const path = mkdtempSync(join(tmpdir(), 'store-restart-'));
  const cse = await startCountingCse();
  try {
    const url = `http://127.0.0.1:${cse.port}`;
    const last = await fill(path, url, Number(values.endpoints));
    for (const mode of ['none', 'semantic']) {
      const began = performance.now();
      const settings = { IPE_STORE_KIND: 'lmdb', IPE_STORE_PATH: path, IPE_VALUES_MODE: mode };
      const bridge = await startBridge(url, settings);
      const ready = (performance.now() - began) / 1_000;
      const { cpu, resident } = processUsage(bridge.child.pid);
      const code = await updated(bridge.port, last);
      const served = (performance.now() - began) / 1_000;
      const report = {
        endpoints: Number(values.endpoints),
        values: mode,
        code,
        ready: Number(ready.toFixed(2)),
        served: Number(served.toFixed(2)),
        cpu,
        resident,
      };
      process.stdout.write(`${JSON.stringify(report)}\n`);
      await bridge.child.stop();
    }
  } finally {
    await cse.child.stop();
    rmSync(path, { recursive: true, force: true });
  }
}

await measure();
