import { afterEach, beforeEach, expect, it } from 'vitest';
import { peerAt } from '../../lwm2m/coap/peers.ts';
import { DtlsNetwork } from '../lwm2m/dtls/dtls-network.ts';
import { mutations, seededNumbers } from './corpus.ts';
import { count, readSeeds, SEED, timeLimit } from './seeds.ts';

let network: DtlsNetwork;
beforeEach(async () => {
  network = await DtlsNetwork.open();
});
afterEach(() => network.close());

it(
  'records of nobody knows whom are answered with no more bytes than came, and leave no session',
  async () => {
    const device = await network.connect();
    const seeds = [...readSeeds('dtls'), ...device.sent];
    const below = seededNumbers(SEED);
    const { sentBytes } = network;
    const held = network.server.held;
    let came = 0;
    let left = count(10_000);
    for (const bytes of mutations(seeds, SEED)) {
      network.toServer(bytes, peerAt(`198.51.100.${below(250)}`, 1_024 + below(1_000)));
      came += bytes.length;
      left -= 1;
      if (left === 0) break;
      if (left % 500 === 0) network.run();
    }
    network.run();
    expect(network.sentBytes - sentBytes).toBeLessThan(came);
    expect(network.server.held.sessions).toBe(held.sessions);
    expect(network.server.held.handshakes).toBeLessThanOrEqual(1);
    device.say('still here');
    expect(device.heard).toEqual(['STILL HERE']);
  },
  timeLimit(10_000),
);

it(
  'changed records at the address of a session do not end it, and nothing of them is taken for its own',
  async () => {
    const device = await network.connect();
    device.say('before');
    const seeds = [...device.sent];
    const heard = network.heard.length;
    let left = count(10_000);
    for (const bytes of mutations(seeds, SEED + 1)) {
      if (!seeds.some((seed) => seed.equals(bytes))) network.toServer(bytes, device.peer);
      left -= 1;
      if (left === 0) break;
      if (left % 500 === 0) network.run();
    }
    network.run();
    expect(network.heard).toHaveLength(heard);
    device.say('after');
    expect(device.heard).toEqual(['BEFORE', 'AFTER']);
    expect(network.server.held.sessions).toBe(1);
  },
  timeLimit(10_000),
);
