import { Acme } from '../test/support/acme.ts';
import { measureRawRate } from './bridge-part.ts';
import { metricsOf } from './lwm2m-part.ts';
import { type Metrics, progress, type Series, series } from './metrics.ts';
import type { BenchOptions } from './options.ts';
import { playLoad, startBridge } from './subjects.ts';

/** Enough for each kind of request to take ten seconds: what is shorter measures how the two get to know each other. */
export const DEVICES = 300;
/** Registering at a time: a crowd, so that requests always wait for their turn, as they do in front of the client alone. */
export const WINDOW = 16;
/** As the client alone has them: the first requests of a process are the slow ones. */
const WARM_UP_SHARE = 1 / 5;
/** Requests at once with which the CSE client alone is measured: the best median of each kind counts. */
export const IN_FLIGHT = [1, 2, 4, 8] as const;

/** A real ACME CSE, emptied before each measurement: the CSE client alone, then the whole bridge as it comes. */
export async function measureAcme(options: BenchOptions): Promise<Series> {
  progress('ACME: starting it, installing it where it is missing');
  const acme = await Acme.start();
  try {
    const rounds: Metrics[] = [];
    for (let round = 1; round <= options.rounds; round++) rounds.push(await oneRound(acme, round, options));
    return series(rounds);
  } finally {
    await acme.stop();
  }
}

async function oneRound(acme: Acme, round: number, { rounds, quick }: BenchOptions): Promise<Metrics> {
  const devices = quick ? DEVICES / 5 : DEVICES;
  const alone: Record<string, number> = {};
  for (const inFlight of IN_FLIGHT) {
    progress(`ACME, round ${round} of ${rounds}: the CSE client alone, ${inFlight} requests at once`);
    await acme.reset();
    const raw = await measureRawRate(acme.url, { devices, inFlight });
    alone[`rawCreates${inFlight}`] = raw.creates;
    alone[`rawUpdates${inFlight}`] = raw.updates;
    alone[`rawDeletes${inFlight}`] = raw.deletes;
  }
  progress(`ACME, round ${round} of ${rounds}: devices, bridge, ACME`);
  await acme.reset();
  const bridge = await startBridge(acme.url, { IPE_CSE_ADMIN_ORIGINATOR: acme.adminOriginator });
  try {
    const mode = 'register,update,deregister';
    await playLoad(bridge, { mode, endpoints: Math.ceil(devices * WARM_UP_SHARE), window: WINDOW, prefix: 'warm-' });
    const load = await playLoad(bridge, { mode, endpoints: devices, window: WINDOW, prefix: 'acme-' });
    return {
      ...alone,
      ...metricsOf('register', load.phases.register),
      ...metricsOf('update', load.phases.update),
      ...metricsOf('deregister', load.phases.deregister),
    };
  } finally {
    await bridge.child.stop();
  }
}
