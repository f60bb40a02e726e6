import { fileURLToPath } from 'node:url';
import { Child } from './child.ts';
import type { CseRates } from './cse-rate.ts';
import type { LoadResult } from './load/phases.ts';
import { metricsOf } from './lwm2m-part.ts';
import { type Metrics, progress, type Series, series } from './metrics.ts';
import type { BenchOptions } from './options.ts';
import {
  type LoadWords,
  playLoad,
  type Subject,
  startBridge,
  startCountingCse,
  startDirectServer,
} from './subjects.ts';

const WARM_UP = 2_000;
const ENDPOINTS = 20_000;
/** Requests on the wire to the CSE, the same for the bridge and for the client alone. */
const IN_FLIGHT = 32;
const RAW_DEVICES = 10_000;

/** What is measured of the bridge. */
export const SIDE = ['register', 'update', 'deregister'] as const;

/** How the client alone is measured. */
export interface RawRateOptions {
  readonly devices: number;
  readonly inFlight: number;
}

/** In front of the same CSE, which answers at once: the whole bridge, LwM2M server and CSE client with nothing between, the client alone. */
export async function measureBridge(options: BenchOptions): Promise<Series> {
  const rounds: Metrics[] = [];
  for (let round = 1; round <= options.rounds; round++) rounds.push(await oneRound(round, options));
  return series(rounds);
}

async function oneRound(round: number, { rounds, quick }: BenchOptions): Promise<Metrics> {
  const scale = quick ? 0.1 : 1;
  const cse = await startCountingCse();
  const url = `http://127.0.0.1:${cse.port}`;
  try {
    const raw = async () => {
      progress(`whole bridge, round ${round} of ${rounds}: the CSE client alone`);
      return measureRawRate(url, { devices: RAW_DEVICES * scale, inFlight: IN_FLIGHT });
    };
    const direct = async () => {
      progress(`whole bridge, round ${round} of ${rounds}: LwM2M server and CSE client with nothing between`);
      return measureDirect(url, ENDPOINTS * scale, WARM_UP * scale);
    };
    const first = round % 2 === 1 ? { raw: await raw(), direct: await direct() } : undefined;
    progress(`whole bridge, round ${round} of ${rounds}: devices, bridge, CSE`);
    const bridge = await startBridge(url, { IPE_CSE_MAX_IN_FLIGHT: String(IN_FLIGHT) });
    const bridged = await measureBridged(bridge, cse, ENDPOINTS * scale, WARM_UP * scale).finally(() =>
      bridge.child.stop(),
    );
    const other = first ?? { direct: await direct(), raw: await raw() };
    return withShares(other.raw, bridged, other.direct);
  } finally {
    await cse.child.stop();
  }
}

/** Requests a second of the project's CSE client alone, in a process of its own. */
export async function measureRawRate(url: string, options: RawRateOptions): Promise<CseRates> {
  const file = fileURLToPath(new URL('./cse-rate.js', import.meta.url));
  const words = [file, '--url', url, '--devices', String(options.devices), '--in-flight', String(options.inFlight)];
  const child = new Child('cse-rate', { words });
  try {
    return await child.next((line) => line.rates as CseRates | undefined, 600_000);
  } finally {
    await child.stop();
  }
}

/** What the LwM2M server and the CSE client reach in one process when nothing is between them. */
async function measureDirect(url: string, endpoints: number, warmUp: number): Promise<Metrics> {
  const direct = await startDirectServer(url, IN_FLIGHT);
  try {
    const mode = SIDE.join(',');
    await playLoad(direct, { mode, endpoints: warmUp, prefix: 'warm-' });
    return metricsOfSides(await playLoad(direct, { mode, endpoints, prefix: 'direct-' }));
  } finally {
    await direct.child.stop();
  }
}

/** What the phases of a load came to. */
export function metricsOfSides({ phases }: LoadResult): Metrics {
  return Object.assign({}, ...SIDE.map((side) => metricsOf(side, phases[side]))) as Metrics;
}

/** Requests of one kind that the CSE has had so far, or all of them. */
async function requestsSoFar(cse: Subject): Promise<number> {
  const counts = await cse.child.report<Record<string, number>>('counts');
  return Object.values(counts).reduce((sum, count) => sum + count, 0);
}

async function measureBridged(bridge: Subject, cse: Subject, endpoints: number, warmUp: number): Promise<Metrics> {
  await playLoad(bridge, { mode: SIDE.join(','), endpoints: warmUp, prefix: 'warm-' });
  // A request of each kind by itself, so that what each costs the CSE can be told apart.
  const cost = async (mode: string, options: LoadWords) => {
    const before = await requestsSoFar(cse);
    await playLoad(bridge, { mode, endpoints: 100, ...options });
    return ((await requestsSoFar(cse)) - before) / 100;
  };
  const register = await cost('register', { prefix: 'cost-' });
  const registerAndUpdate = await cost('register,update', { prefix: 'cost-update-' });
  const registerAndDeregister = await cost('register,deregister', { prefix: 'cost-deregister-' });
  const load = await playLoad(bridge, { mode: SIDE.join(','), endpoints, prefix: 'busy-' });
  return {
    requestsPerRegister: register,
    requestsPerUpdate: registerAndUpdate - register,
    requestsPerDeregister: registerAndDeregister - register,
    ...metricsOfSides(load),
  };
}

/** The bridge's requests a second at the CSE, and those without anything between, as shares of what the client alone reaches. */
function withShares(raw: CseRates, bridged: Metrics, direct: Metrics): Metrics {
  const share = (operation: string, requests: string, rate: number, of = bridged): number =>
    ((of[`${operation}Rate`] ?? 0) * (bridged[requests] ?? 0)) / rate;
  return {
    rawCreates: raw.creates,
    rawUpdates: raw.updates,
    rawDeletes: raw.deletes,
    rawCpu: raw.cpu,
    ...bridged,
    registerShare: share('register', 'requestsPerRegister', raw.creates),
    updateShare: share('update', 'requestsPerUpdate', raw.updates),
    deregisterShare: share('deregister', 'requestsPerDeregister', raw.deletes),
    registerDirectShare: share('register', 'requestsPerRegister', raw.creates, direct),
    updateDirectShare: share('update', 'requestsPerUpdate', raw.updates, direct),
    deregisterDirectShare: share('deregister', 'requestsPerDeregister', raw.deletes, direct),
    ...lifeShare(raw, bridged),
  };
}

/** The life of a device, a Register, an Update and a De-register, as requests a second: of the client alone and bridged. */
function lifeShare(raw: CseRates, bridged: Metrics): Metrics {
  const of = (name: string): number => bridged[name] ?? 0;
  const { requestsPerRegister = 0, requestsPerUpdate = 0, requestsPerDeregister = 0 } = bridged;
  const requests = requestsPerRegister + requestsPerUpdate + requestsPerDeregister;
  const alone =
    requestsPerRegister / raw.creates + requestsPerUpdate / raw.updates + requestsPerDeregister / raw.deletes;
  const seconds = 1 / of('registerRate') + 1 / of('updateRate') + 1 / of('deregisterRate');
  return {
    lifeRate: 1 / seconds,
    requestsPerLife: requests,
    rawLife: requests / alone,
    lifeShare: alone / seconds,
  };
}
