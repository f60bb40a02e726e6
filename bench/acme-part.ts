import { Acme } from '../test/support/acme.ts';
import { measureRawRate, metricsOfSides, SIDE } from './bridge-part.ts';
import { type Metrics, progress, type Series, series } from './metrics.ts';
import type { BenchOptions } from './options.ts';
import { playLoad, type Subject, startBridge } from './subjects.ts';

/** Of one turn; so few that the two alternate every few seconds, for the machine's speed changes within a minute. */
export const DEVICES = 120;
/** Registering at a time: a crowd, so that requests always wait for their turn, as they do in front of the client alone. */
export const WINDOW = 16;
/** Requests at once with which the CSE client alone is measured: the best median of each kind counts. */
export const IN_FLIGHT = [1, 2, 4, 8] as const;
/** Turns of the bridge before it is measured, so that it has found out how many requests at once are best. */
const WARM_UP = 2;

/** A real ACME CSE, emptied before each round: the CSE client alone and the whole bridge as it comes take turns. */
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
  const of = `ACME, round ${round} of ${rounds}`;
  await acme.reset();
  const bridge = await startBridge(acme.url, { IPE_CSE_ADMIN_ORIGINATOR: acme.adminOriginator });
  try {
    progress(`${of}: the bridge warms up`);
    for (let turn = 0; turn < WARM_UP; turn++) await bridgeTurn(bridge, devices);
    const alone: Metrics[] = [];
    const bridged: Metrics[] = [];
    // There and back, so that what changes steadily cancels out.
    for (const inFlight of [...IN_FLIGHT, ...IN_FLIGHT.toReversed()]) {
      progress(`${of}: the CSE client alone, ${inFlight} requests at once, and the bridge`);
      const raw = await measureRawRate(acme.url, { devices, inFlight });
      alone.push({
        [`rawCreates${inFlight}`]: raw.creates,
        [`rawUpdates${inFlight}`]: raw.updates,
        [`rawDeletes${inFlight}`]: raw.deletes,
      });
      bridged.push(await bridgeTurn(bridge, devices));
    }
    return { ...means(alone), ...means(bridged) };
  } finally {
    await bridge.child.stop();
  }
}

async function bridgeTurn(bridge: Subject, endpoints: number): Promise<Metrics> {
  const mode = SIDE.join(',');
  return metricsOfSides(await playLoad(bridge, { mode, endpoints, window: WINDOW, prefix: 'acme-' }));
}

/** The mean of each metric over the turns that have it; of failures the sum. */
function means(turns: readonly Metrics[]): Metrics {
  const names = new Set(turns.flatMap((turn) => Object.keys(turn)));
  return Object.fromEntries(
    [...names].map((name) => {
      const values = turns.flatMap((turn) => turn[name] ?? []);
      const sum = values.reduce((total, value) => total + value, 0);
      return [name, name.endsWith('Failures') ? sum : sum / values.length];
    }),
  );
}
