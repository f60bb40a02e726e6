import { setTimeout as wait } from 'node:timers/promises';
import { ResourceType } from '../../cse-client/index.ts';
import { ownAddress } from '../load/peers.ts';
import type { Metrics } from '../metrics.ts';
import { startNullCse } from '../null-cse.ts';
import { processUsage } from '../process-usage.ts';
import type { DelayReport } from '../report-delay.ts';
import { startBridge } from '../subjects.ts';
import { FORMATS } from './device-datagrams.ts';
import { each, Fleet, settled, until } from './fleet.ts';
import { FleetDevice, INSTANCES, OBSERVED } from './fleet-device.ts';
import { ValueStream } from './value-stream.ts';

/** So many endpoints that are there and stay. */
export interface SteadyOptions {
  readonly endpoints: number;
  /** For how long they are watched. */
  readonly seconds: number;
  /** Notifications a second of all together. */
  readonly notifications: number;
  readonly inFlight: number;
  /** Directory for a CPU profile of the bridge. */
  readonly profile?: string | undefined;
}

const NOTIFIED = '3303/0';
/** Seconds after which each endpoint updates again. */
const UPDATES_EVERY = 300;
/** Endpoints whose sockets stay open, for notifications; the others open theirs for each Update. */
const TALKING = 8_000;
/** Milliseconds without a request to the CSE after which all first values are there. */
const QUIET = 2_000;
const TICK = 5;

/** An ordinary day: all are registered and observed, each updates every five minutes, some notify; a CSE that answers at once. */
export async function measureSteady(options: SteadyOptions): Promise<Metrics> {
  const { endpoints, seconds, notifications, inFlight, profile } = options;
  let stream: ValueStream | undefined;
  const created = (ty: number, { con }: { con?: unknown }): void => {
    if (ty === ResourceType.contentInstance) stream?.stored(con);
  };
  const cse = await startNullCse({ port: 0, host: '127.0.0.1', delay: 0, base: 'cse-in', created });
  const settings = { IPE_VALUES_MODE: 'semantic', IPE_CSE_MAX_IN_FLIGHT: String(inFlight) };
  const bridge = await startBridge(`http://127.0.0.1:${cse.port}`, settings, { watched: true, profile });
  const to = { host: '127.0.0.1', port: bridge.port, prefix: 'steady-', instances: INSTANCES, format: FORMATS.senml };
  const devices = Array.from({ length: endpoints }, (_, number) => new FleetDevice(to, number));
  const talking = new Fleet(devices.slice(0, TALKING));
  try {
    const begun = performance.now();
    await each(devices.entries(), ([number, device]) => come(device, number));
    await settled(() => cse.counts.create + cse.counts.update, QUIET);
    const secondsToCome = (performance.now() - begun) / 1000;
    await bridge.child.report('delay');
    const before = processUsage(bridge.child.pid);
    stream = new ValueStream(talking, NOTIFIED);
    const waits: number[] = [];
    const [values] = await Promise.all([stream.paced(notifications, seconds), update(devices, seconds, waits)]);
    const after = processUsage(bridge.child.pid);
    const { p99 } = await bridge.child.report<DelayReport>('delay');
    waits.sort((a, b) => a - b);
    const at = (share: number): number => waits[Math.floor(share * (waits.length - 1))] ?? 0;
    return {
      endpoints,
      secondsToCome,
      updates: waits.length,
      updateP50: at(0.5),
      updateP99: at(0.99),
      notifications: values.sent,
      delayP50: values.p50,
      delayP99: values.p99,
      lost: values.lost,
      disordered: values.disordered,
      // Of one core.
      cpuShare: (after.cpu - before.cpu) / seconds,
      loopP99: p99,
      resident: after.resident,
    };
  } finally {
    talking.close();
    await bridge.child.stop();
    await cse.close();
  }
}

async function come(device: FleetDevice, number: number): Promise<void> {
  await device.open(ownAddress(number));
  await device.register();
  await until(() => device.observed === OBSERVED && device.reads >= INSTANCES.length, 'observations', 60_000);
  if (number >= TALKING) device.close();
}

/** Each in turn, evenly, so that all have come round after `UPDATES_EVERY`. */
async function update(devices: readonly FleetDevice[], seconds: number, waits: number[]): Promise<void> {
  const due = Math.floor((devices.length * seconds) / UPDATES_EVERY);
  const begun = performance.now();
  const under: Promise<void>[] = [];
  for (let number = 0; number < due; ) {
    const now = Math.min(due, Math.floor(((performance.now() - begun) / 1000 / seconds) * due));
    for (; number < now; number += 1) {
      // Far from each other, so that some that talk are among them.
      const index = (number * UPDATES_EVERY) % devices.length;
      under.push(updateOne(devices[index] as FleetDevice, index, waits));
    }
    await wait(TICK);
  }
  await Promise.all(under);
}

async function updateOne(device: FleetDevice, number: number, waits: number[]): Promise<void> {
  if (number >= TALKING) await device.open(ownAddress(number));
  const from = performance.now();
  await device.update();
  waits.push(performance.now() - from);
  if (number >= TALKING) device.close();
}
