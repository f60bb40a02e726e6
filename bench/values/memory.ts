import { setTimeout as wait } from 'node:timers/promises';
import { ownAddress } from '../load/peers.ts';
import type { Metrics } from '../metrics.ts';
import { startNullCse } from '../null-cse.ts';
import type { MemoryReport } from '../report-memory.ts';
import { type Subject, startBridge } from '../subjects.ts';
import { FORMATS } from './device-datagrams.ts';
import { each, settled, until } from './fleet.ts';
import { FleetDevice, type FleetOptions, INSTANCES, OBSERVED } from './fleet-device.ts';

const WARM_UP = 500;
/** Milliseconds without a request to the CSE after which it has all values. */
const QUIET = 2_000;

/** How many endpoints, and the seconds waited for deduplication to forget. */
export interface MemoryOptions {
  readonly endpoints: number;
  readonly exchangeLifetime: number;
}

/**
 * Bytes that the bridge keeps for each endpoint with four instances, three of them observed, each with an address of its
 * own, at a CSE that answers at once.
 */
export async function measureObservedMemory({ endpoints, exchangeLifetime }: MemoryOptions): Promise<Metrics> {
  const cse = await startNullCse({ port: 0, host: '127.0.0.1', delay: 0, base: 'cse-in' });
  const bridge = await startBridge(
    `http://127.0.0.1:${cse.port}`,
    { IPE_VALUES_MODE: 'semantic', IPE_CSE_MAX_IN_FLIGHT: '32', IPE_VALUES_MAX_IN_FLIGHT: '32' },
    { measured: true },
  );
  try {
    const to = { host: '127.0.0.1', port: bridge.port, instances: INSTANCES, format: FORMATS.senml };
    // What is remembered of so few does not count: nobody waits until it is forgotten.
    await come({ ...to, prefix: 'warm-' }, WARM_UP, true);
    await settled(() => cse.counts.create + cse.counts.delete);
    const before = await collected(bridge);
    await come({ ...to, prefix: 'idle-' }, endpoints, false);
    await settled(() => cse.counts.create + cse.counts.update, QUIET);
    await wait(exchangeLifetime * 1000);
    const after = await collected(bridge);
    return {
      observedHeap: (after.heapUsed - before.heapUsed) / endpoints,
      observedExternal: (after.external - before.external) / endpoints,
      observedResident: after.resident / 1e6,
    };
  } finally {
    await bridge.child.stop();
    await cse.close();
  }
}

/** Each registers and is observed; then it leaves, or is only not heard of any more. */
async function come(options: FleetOptions, endpoints: number, leaves: boolean): Promise<void> {
  const numbers = Array.from({ length: endpoints }, (_, number) => number);
  await each(numbers, async (number) => {
    const device = new FleetDevice(options, number);
    await device.open(ownAddress(number));
    await device.register();
    await until(() => device.observed === OBSERVED && device.reads >= INSTANCES.length, 'observations', 60_000);
    if (leaves) await device.deregister();
    device.close();
  });
}

function collected(bridge: Subject): Promise<MemoryReport> {
  return bridge.child.report<MemoryReport>('collected');
}
