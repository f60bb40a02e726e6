import { afterEach, expect, it } from 'vitest';
import { UdpRelay } from '../../chaos/udp-relay.ts';
import { Client, World } from './bootstrap-world.ts';

const open: (() => Promise<unknown> | unknown)[] = [];
afterEach(async () => {
  for (const close of open.splice(0).reverse()) await close();
});

const NOBODY = { towardsBridge: () => {}, fromDevice: () => {}, fromBridge: () => {} };
/** So quick that the test is; enough attempts that losing all of them cannot be. */
const QUICK = { ackTimeout: 10, ackRandomFactor: 1.5, maxRetransmit: 8 };
const CLIENTS = 12;

it.each([
  ['a tenth of the datagrams is lost', 0.1],
  ['three tenths of the datagrams are lost', 0.3],
])('where %s and some come twice or late, each client does each operation once', async (_name, loss) => {
  const world = await World.start({ transmission: QUICK });
  open.push(() => world.stop());
  const clients = await Promise.all(
    Array.from({ length: CLIENTS }, async (_, seed) => {
      const relay = await UdpRelay.open(seed + 1, () => world.port, NOBODY);
      relay.weather = { loss, duplicate: 0.1, delay: 3 };
      const client = await Client.at(relay.port, undefined, QUICK);
      open.push(
        () => relay.close(),
        () => client.close(),
      );
      return client;
    }),
  );
  await Promise.all(clients.map((client, index) => client.request(`ep=dev-${index}`)));
  const results = await world.ended(CLIENTS);
  expect(results.filter(({ kind }) => kind !== 'finished')).toEqual([]);
  for (const { asked } of clients) expect(asked).toEqual(['GET /', 'DELETE /', 'PUT /0/1', 'PUT /1/0', 'POST /bs']);
});
