import { setTimeout as wait } from 'node:timers/promises';
import { IpeError } from '../../common/index.ts';
import { ResourceType } from '../../cse-client/index.ts';
import type { Metrics } from '../metrics.ts';
import { startNullCse } from '../null-cse.ts';
import { processUsage } from '../process-usage.ts';
import type { DelayReport } from '../report-delay.ts';
import { startBridge } from '../subjects.ts';
import { FORMATS } from './device-datagrams.ts';
import { Fleet, settled } from './fleet.ts';
import { INSTANCES } from './fleet-device.ts';

/** So many devices register, evenly within so many seconds. */
export interface StormOptions {
  readonly devices: number;
  readonly seconds: number;
  readonly inFlight: number;
  /** Directory for a CPU profile of the bridge. */
  readonly profile?: string | undefined;
}

/** Milliseconds without a request to the CSE after which what is missing is lost. */
const QUIET = 3_000;
const TICK = 5;

/** Devices with four links, read and observed, that all come back in a short time; a CSE that answers at once. */
export async function measureStorm({ devices, seconds, inFlight, profile }: StormOptions): Promise<Metrics> {
  let values = 0;
  let lastAt = 0;
  const created = (ty: number): void => {
    if (ty !== ResourceType.contentInstance) return;
    values += 1;
    lastAt = performance.now();
  };
  const cse = await startNullCse({ port: 0, host: '127.0.0.1', delay: 0, base: 'cse-in', created });
  const settings = { IPE_VALUES_MODE: 'semantic', IPE_CSE_MAX_IN_FLIGHT: String(inFlight) };
  const bridge = await startBridge(`http://127.0.0.1:${cse.port}`, settings, { watched: true, profile });
  const common = { host: '127.0.0.1', port: bridge.port, prefix: 'storm-' };
  const fleet = await Fleet.open({ ...common, instances: INSTANCES, format: FORMATS.senml }, devices);
  try {
    await bridge.child.report('delay');
    const begun = performance.now();
    const waits: number[] = [];
    let refused = 0;
    let unanswered = 0;
    const all = fleet.devices.map(async (device, index) => {
      await wait(Math.floor(((index / devices) * seconds * 1000) / TICK) * TICK);
      const from = performance.now();
      await device.register().then(
        () => waits.push(performance.now() - from),
        (error: unknown) => {
          if (error instanceof IpeError && error.code === 'bench/refused') refused += 1;
          else unanswered += 1;
        },
      );
    });
    await Promise.all(all);
    const registeredAt = performance.now();
    const whileRegistering = await bridge.child.report<DelayReport>('delay');
    await settled(() => cse.counts.create + cse.counts.update, QUIET);
    const { p99 } = await bridge.child.report<DelayReport>('delay');
    waits.sort((a, b) => a - b);
    const at = (share: number): number => waits[Math.floor(share * (waits.length - 1))] ?? 0;
    return {
      registered: waits.length,
      refused,
      unanswered,
      registerP50: at(0.5),
      registerP99: at(0.99),
      secondsRegistered: (registeredAt - begun) / 1000,
      secondsStored: (lastAt - begun) / 1000,
      valuesMissing: devices * INSTANCES.length - values,
      delayP99: whileRegistering.p99,
      delayP99After: p99,
      resident: processUsage(bridge.child.pid).resident,
    };
  } finally {
    fleet.close();
    await bridge.child.stop();
    await cse.close();
  }
}
