import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { load, struct } from 'koffi';
import { afterEach, expect, it, vi } from 'vitest';
import { DtlsNetwork } from './dtls-network.ts';

const HANDSHAKES = 10_000;
const WARM_UP = 500;

/** Bytes of native memory in use: of malloc where the C library tells, else the resident set. */
function nativeBytes(): () => number {
  try {
    const words = [
      'arena',
      'ordblks',
      'smblks',
      'hblks',
      'hblkhd',
      'usmblks',
      'fsmblks',
      'uordblks',
      'fordblks',
      'keepcost',
    ];
    const info = struct(Object.fromEntries(words.map((word) => [word, 'size_t'])));
    const mallinfo = load(null).func('mallinfo2', info, []);
    return () => {
      const { uordblks, hblkhd } = mallinfo() as Record<string, number>;
      return Number(uordblks) + Number(hblkhd);
    };
  } catch {
    return () => process.memoryUsage().rss;
  }
}

/** Collects garbage, so that buffers of JavaScript are not counted. */
function collect(): void {
  setFlagsFromString('--expose-gc');
  runInNewContext('gc')();
}

let network: DtlsNetwork;
afterEach(() => network.close());

it('10,000 handshakes give all native memory back: finished, refused, given up and resumed ones', async () => {
  network = await DtlsNetwork.open({ limits: { resumableSessions: 10 } });
  const inUse = nativeBytes();
  const run = async (count: number) => {
    for (let i = 0; i < count; i++) {
      // One port for all that do not finish, so that each gives way to the next.
      const wrong = i % 4 === 0;
      const device = await network.connect(wrong ? { key: Buffer.alloc(16) } : {}, wrong ? 1 : undefined);
      if (i % 4 === 1) device.client.close();
      if (i % 8 === 2) network.server.closeSession({ kind: 'psk', identity: 'device' });
      network.run();
      network.forget(device);
    }
    network.established.length = 0;
    network.closed.length = 0;
  };
  await run(WARM_UP);
  collect();
  const before = inUse();
  await run(HANDSHAKES);
  // A connection has 36 kB, and no object of OpenSSL is smaller than this; Node frees its own buffers when it likes.
  await vi.waitFor(
    () => {
      collect();
      expect((inUse() - before) / HANDSHAKES).toBeLessThan(48);
    },
    { timeout: 10_000, interval: 200 },
  );
  expect(network.server.held.sessions).toBeLessThanOrEqual(1);
}, 120_000);
