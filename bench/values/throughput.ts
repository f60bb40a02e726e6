import { fileURLToPath } from 'node:url';
import { ResourceType } from '../../cse-client/index.ts';
import { Child } from '../child.ts';
import type { Metrics } from '../metrics.ts';
import { startNullCse } from '../null-cse.ts';
import { processUsage } from '../process-usage.ts';
import { type Subject, startBridge, startDirectServer } from '../subjects.ts';
import { FORMATS, type FormatName } from './device-datagrams.ts';
import { Fleet } from './fleet.ts';
import type { ValueRate } from './value-rate.ts';
import { ValueStream } from './value-stream.ts';

/** One measurement of values through the bridge and of the CSE client alone. */
export interface ThroughputOptions {
  readonly devices: number;
  /** Notifications measured; half as many go before. */
  readonly values: number;
  /** Notifications on their way at once. */
  readonly window: number;
  /** Requests on the wire to the CSE, the same for the bridge and for the client alone. */
  readonly inFlight: number;
  readonly format: FormatName;
  /** Seconds at half of the rate. */
  readonly seconds: number;
  /** Directory for a CPU profile of the bridge. */
  readonly profile?: string | undefined;
}

const INSTANCE = '3303/0';

/**
 * Devices and a CSE that answers at once in this process, the bridge in one of its own; before and after it the CSE client
 * alone against the same CSE, for the speed of the machine drifts; between, LwM2M server and CSE client with nothing between.
 */
export async function measureThroughput(options: ThroughputOptions): Promise<Metrics> {
  let stream: ValueStream | undefined;
  const cse = await startNullCse({
    port: 0,
    host: '127.0.0.1',
    delay: 0,
    base: 'cse-in',
    created: (ty, { con }) => {
      if (ty === ResourceType.contentInstance) stream?.stored(con);
    },
  });
  const url = `http://127.0.0.1:${cse.port}`;
  try {
    const attach = (made: ValueStream) => {
      stream = made;
    };
    const before = await clientAlone(url, options);
    const direct = await throughDirect(url, options, attach);
    const bridged = await throughBridge(url, options, attach);
    const after = await clientAlone(url, options);
    const rawRate = (before.creates + after.creates) / 2;
    return {
      ...bridged,
      rawRate,
      rawCpu: (before.cpu + after.cpu) / 2,
      share: (bridged.rate ?? 0) / rawRate,
      directShare: direct / rawRate,
    };
  } finally {
    await cse.close();
  }
}

async function throughBridge(
  url: string,
  options: ThroughputOptions,
  attach: (stream: ValueStream) => void,
): Promise<Metrics> {
  const { values, window, inFlight, seconds, profile } = options;
  const settings = {
    IPE_VALUES_MODE: 'semantic',
    IPE_CSE_MAX_IN_FLIGHT: String(inFlight),
    IPE_VALUES_MAX_IN_FLIGHT: String(inFlight),
  };
  const bridge = await startBridge(url, settings, { profile });
  const fleet = await openFleet(bridge, options);
  try {
    const stream = await warmStream(fleet, options, attach);
    const usage = processUsage(bridge.child.pid);
    const busy = await stream.closed(values, window);
    const cpu = processUsage(bridge.child.pid).cpu - usage.cpu;
    const paced = await stream.paced(busy.rate / 2, seconds);
    return {
      rate: busy.rate,
      cpu: (cpu / busy.sent) * 1e6,
      delayUnderLoadP50: busy.p50,
      delayUnderLoadP99: busy.p99,
      delayP50: paced.p50,
      delayP99: paced.p99,
      delayMax: paced.max,
      lost: busy.lost + paced.lost,
      disordered: busy.disordered + paced.disordered,
    };
  } finally {
    fleet.close();
    await bridge.child.stop();
  }
}

/** Values a second where nothing is between LwM2M server and CSE client. */
async function throughDirect(
  url: string,
  options: ThroughputOptions,
  attach: (stream: ValueStream) => void,
): Promise<number> {
  const direct = await startDirectServer(url, options.inFlight, true);
  const fleet = await openFleet(direct, options);
  try {
    const stream = await warmStream(fleet, options, attach);
    return (await stream.closed(options.values, options.window)).rate;
  } finally {
    fleet.close();
    await direct.child.stop();
  }
}

function openFleet({ port }: Subject, { devices, format }: ThroughputOptions): Promise<Fleet> {
  const to = { host: '127.0.0.1', port, prefix: 'busy-', instances: [INSTANCE], format: FORMATS[format] };
  return Fleet.open(to, devices);
}

/** The notifications of a fleet that is registered and observed, and has sent some already. */
async function warmStream(
  fleet: Fleet,
  { values, window }: ThroughputOptions,
  attach: (stream: ValueStream) => void,
): Promise<ValueStream> {
  await fleet.register();
  await fleet.observed(1);
  const stream = new ValueStream(fleet, INSTANCE);
  attach(stream);
  await stream.closed(Math.ceil(values / 2), window);
  return stream;
}

async function clientAlone(url: string, { values, inFlight }: ThroughputOptions): Promise<ValueRate> {
  const file = fileURLToPath(new URL('./value-rate.js', import.meta.url));
  const words = [file, '--url', url, '--values', String(values), '--in-flight', String(inFlight)];
  const child = new Child('value-rate', { words });
  try {
    return await child.next((line) => line.rate as ValueRate | undefined, 300_000);
  } finally {
    await child.stop();
  }
}
