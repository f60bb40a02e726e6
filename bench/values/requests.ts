import { setTimeout as wait } from 'node:timers/promises';
import { EmbeddedCse } from '../../embedded-cse/index.ts';
import type { Metrics } from '../metrics.ts';
import { startBridge } from '../subjects.ts';
import { FORMATS } from './device-datagrams.ts';
import { Fleet, settled, until } from './fleet.ts';
import type { FleetDevice } from './fleet-device.ts';

/** How values are treated while requests are counted. */
export interface Policy {
  readonly mode: 'semantic' | 'transparent' | 'both' | 'none';
  readonly observe: 'always' | 'never';
}

/** Every mode with every policy; where there are no values nothing is observed. */
export const POLICIES: readonly Policy[] = [
  ...(['semantic', 'transparent', 'both'] as const).flatMap((mode) =>
    (['always', 'never'] as const).map((observe) => ({ mode, observe })),
  ),
  { mode: 'none', observe: 'never' },
];

const DEVICES = 4;
/** As an idle device has them: Server, Device, a temperature and a light, each with one resource. */
const INSTANCES = ['1/0', '3/0', '3303/0', '3311/0'];
const NOTIFIED = '3303/0';
/** The renewal of expirationTime costs as much as ever when the second has changed. */
const NEXT_SECOND = 1_100;

/**
 * Requests of each kind that a device with four links costs a CSE that cuts a child's expirationTime to its parent's,
 * counted by an embedded CSE: `<what><Mode><Observe>`.
 */
export async function countRequests(): Promise<Metrics> {
  const counts: Record<string, number> = {};
  for (const policy of POLICIES) Object.assign(counts, await countWith(policy));
  return counts;
}

/** Name of a count. */
export function countName(what: string, { mode, observe }: Policy): string {
  return `${what} ${mode} ${observe}`;
}

async function countWith(policy: Policy): Promise<Metrics> {
  const cse = new EmbeddedCse();
  const { url } = await cse.start();
  const { mode, observe } = policy;
  const bridge = await startBridge(url, {
    IPE_CSE_ADMIN_ORIGINATOR: cse.adminOriginator,
    IPE_VALUES_MODE: mode,
    IPE_VALUES_OBSERVE: observe,
  });
  const common = { host: '127.0.0.1', port: bridge.port, prefix: 'count-' };
  const fleet = await Fleet.open({ ...common, instances: INSTANCES, format: FORMATS.senml }, DEVICES);
  const counts: Record<string, number> = {};
  const count = async (what: string, work: () => Promise<void>): Promise<void> => {
    const before = cse.counters.requests;
    await work();
    counts[countName(what, policy)] = ((await settled(() => cse.counters.requests)) - before) / DEVICES;
  };
  const register = async (device: FleetDevice): Promise<void> => {
    await device.register();
    await until(() => mode === 'none' || device.reads >= INSTANCES.length || device.packs > 0, 'reads', 30_000);
    await settled(() => cse.counters.requests);
  };
  try {
    await settled(() => cse.counters.requests);
    await count('register', async () => {
      for (const device of fleet.devices) await register(device);
    });
    await wait(NEXT_SECOND);
    await count('update', () => fleet.update());
    await count('notification', async () => {
      for (const device of fleet.devices) device.notify(NOTIFIED, 1);
    });
    await wait(NEXT_SECOND);
    await count('registerAgain', () => fleet.register());
    await count('deregister', () => fleet.deregister());
    return counts;
  } finally {
    fleet.close();
    await bridge.child.stop();
    await cse.stop();
  }
}
