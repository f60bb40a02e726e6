import { DEVICES, IN_FLIGHT, WINDOW } from './acme-part.ts';
import { SIDE } from './bridge-part.ts';
import { dtlsTable } from './dtls-table.ts';
import { growthTable, steadyTable, stormTable } from './load-tables.ts';
import { type Metrics, type Series, series } from './metrics.ts';
import type { BenchResults } from './results.ts';
import { type Goal, goalText, type Row, range, reached, show, type Table } from './table.ts';
import { valueTables } from './values/tables.ts';

export type { Row, Table } from './table.ts';

/** Name, metric, and the goal of ours divided by Leshan's. */
const LWM2M_ROWS: readonly (readonly [name: string, metric: string, goal?: Goal])[] = [
  ['registrations/s', 'registerRate', { least: 1.2 }],
  ['register p50, ms', 'registerP50'],
  ['register p99, ms', 'registerP99'],
  ['server CPU per registration, µs', 'registerCpu', { most: 0.6 }],
  ['updates/s', 'updateRate', { least: 1.4 }],
  ['update p50, ms', 'updateP50'],
  ['update p99, ms', 'updateP99'],
  ['server CPU per update, µs', 'updateCpu', { most: 0.6 }],
  ['p50 at 5,000 registrations/s, ms', 'pacedP50'],
  ['p99 at 5,000 registrations/s, ms', 'pacedP99', { most: 0.25 }],
  ['server CPU per registration at 5,000/s, µs', 'pacedCpu', { most: 0.6 }],
  ['resident memory at the end, MB', 'pacedResident'],
  ['load generator CPU per registration, µs', 'registerGeneratorCpu'],
  ['longest delay of the load generator at 5,000/s, ms', 'lateness'],
  ['failed requests', 'failures'],
];

/** The same with the store, Leshan's as it is: in memory. */
const STORED_ROWS: typeof LWM2M_ROWS = [
  ...LWM2M_ROWS.filter(([, metric]) => !metric.startsWith('paced') && metric !== 'lateness').map((row) =>
    row[2]?.most === undefined ? row : ([row[0], row[1]] as const),
  ),
  ['updates/s, each of them recorded', 'everyUpdateRate'],
  ['update p99, ms, each of them recorded', 'everyUpdateP99'],
  ['server CPU per update, µs, each of them recorded', 'everyUpdateCpu'],
];

/** The same series with what `more` makes of each round. */
function withMore({ median, rounds }: Series, more: (round: Metrics) => Metrics): Series {
  const add = (round: Metrics): Metrics => ({ ...round, ...more(round) });
  return { median: add(median), rounds: rounds.map(add) };
}

function withFailures(series: Series): Series {
  return withMore(series, ({ registerFailures = 0, updateFailures = 0, pacedFailures = 0 }) => ({
    failures: registerFailures + updateFailures + pacedFailures,
  }));
}

/** Ours beside Leshan's, where that was measured. */
function comparison(rows: typeof LWM2M_ROWS, ours: Series, leshan: Series | undefined): Omit<Table, 'title' | 'notes'> {
  const own = withFailures(ours);
  const other = leshan === undefined ? undefined : withFailures(leshan);
  const compared = rows.map(([name, metric, goal]): Row => {
    const value = own.median[metric];
    const cells = [name, `${show(value)}${range(own, metric)}`];
    if (other === undefined) return { cells };
    const ratio = (value ?? 0) / (other.median[metric] ?? 0);
    const both = [...cells, `${show(other.median[metric])}${range(other, metric)}`, show(ratio)];
    if (goal === undefined) return { cells: [...both, ''] };
    return { cells: [...both, goalText(goal)], met: reached(ratio, goal) };
  });
  const columns = ['', 'lwm2m-ipe', ...(other === undefined ? [] : ['Leshan 2.0.0-M18', 'ratio', 'goal'])];
  return { columns, rows: compared };
}

function storedTable({ stored, leshan }: NonNullable<BenchResults['lwm2m']>): Table {
  return {
    title: 'LwM2M server with the store',
    ...comparison(STORED_ROWS, stored, leshan && withEveryUpdate(leshan)),
    notes: [
      'In the same rounds as the table above: every registration is on the disk before it is answered; Leshan keeps all in',
      'memory. An Update that changes nothing but the time is recorded once a minute, and here each device sends two within seconds: so the',
      'last rows are of a server that records each of them, which waits for the disk much of the time with 256 requests in flight.',
    ],
  };
}

/** Leshan's Updates beside ours that are all recorded. */
function withEveryUpdate(series: Series): Series {
  return withMore(series, ({ updateRate = Number.NaN, updateP99 = Number.NaN, updateCpu = Number.NaN }) => ({
    everyUpdateRate: updateRate,
    everyUpdateP99: updateP99,
    everyUpdateCpu: updateCpu,
  }));
}

function lwm2mTable({ ours, leshan }: NonNullable<BenchResults['lwm2m']>): Table {
  return {
    title: 'LwM2M server alone',
    ...comparison(LWM2M_ROWS, ours, leshan),
    notes: [
      `Median of ${ours.rounds.length} alternating rounds (least-most), a fresh process each; 256 requests in flight;`,
      '20,000 endpoints as warm-up, then 50,000 registrations, 100,000 updates, 6 s at 5,000 registrations/s.',
      ...(leshan === undefined
        ? []
        : ['Leshan has the receive buffer that ours has (4 MiB); with its default it loses datagrams.']),
    ],
  };
}

const PLURAL = { register: 'registrations', update: 'updates', deregister: 'de-registrations' } as const;
const RAW = { register: 'rawCreates', update: 'rawUpdates', deregister: 'rawDeletes' } as const;
const REQUESTS = {
  register: 'requestsPerRegister',
  update: 'requestsPerUpdate',
  deregister: 'requestsPerDeregister',
} as const;

function bridgeTable(series: Series): Table {
  const { median } = series;
  const rows = SIDE.map((side): Row => {
    const share = median[`${side}Share`] ?? 0;
    return {
      cells: [
        `${PLURAL[side]}/s`,
        `${show(median[`${side}Rate`])}${range(series, `${side}Rate`)}`,
        show(median[`${side}P50`]),
        show(median[`${side}P99`]),
        show(median[`${side}Cpu`]),
        show(median[REQUESTS[side]]),
        show((median[`${side}Rate`] ?? 0) * (median[REQUESTS[side]] ?? 0)),
        show(median[RAW[side]]),
        show(median[`${side}Failures`]),
        show(share),
        show(median[`${side}DirectShare`]),
        ...(side === 'deregister' ? [] : ['>= 0.8']),
      ],
      ...(side === 'deregister' ? {} : { met: share >= 0.8 }),
    };
  });
  const lifeShare = median.lifeShare ?? 0;
  rows.push({
    cells: [
      'lives/s (one of each)',
      `${show(median.lifeRate)}${range(series, 'lifeRate')}`,
      '',
      '',
      '',
      show(median.requestsPerLife),
      show((median.lifeRate ?? 0) * (median.requestsPerLife ?? 0)),
      show(median.rawLife),
      '',
      show(lifeShare),
      '',
      '>= 0.8',
    ],
    met: lifeShare >= 0.8,
  });
  return {
    title: 'Whole bridge, a CSE that answers at once',
    columns: [
      '',
      'rate',
      'p50 ms',
      'p99 ms',
      'CPU µs',
      'CSE requests each',
      'CSE requests/s',
      'client alone/s',
      'failed',
      'share',
      'with nothing between',
      'goal',
    ],
    rows,
    notes: [
      'Devices with four links, 256 requests in flight, 32 to the CSE, values left alone. "Client alone" is what the CSE client reaches',
      `with the same requests on the same CSE (${show(median.rawCpu)} µs of CPU each); the CSE, the bridge and the load`,
      'generator share the machine. "With nothing between" is the share of a program that has our LwM2M server and our CSE client and makes the',
      'same requests, but remembers, looks after, puts right and tells nothing: what is left to the bridge itself.',
    ],
  };
}

/** What each operation costs a CSE with four links and nothing to repair, where the counting CSE was not measured in the same run. */
const REQUESTS_EACH = { register: 6, update: 6, deregister: 2 } as const;
const ACME_GOAL: Goal = { least: 0.95 };

function acmeTable(measured: Series, counted: Series | undefined): Table {
  const { median, rounds } = measured;
  const rows = SIDE.map((side): Row => {
    const each = counted?.median[REQUESTS[side]] ?? REQUESTS_EACH[side];
    const alone = IN_FLIGHT.map((inFlight) => median[`${RAW[side]}${inFlight}`] ?? 0);
    const best = Math.max(...alone);
    const bestInFlight = IN_FLIGHT[alone.indexOf(best)];
    // Within a round the two take turns; from one round to the next the machine is another.
    const shares = series(
      rounds.map((round) => ({
        share: ((round[`${side}Rate`] ?? 0) * each) / (round[`${RAW[side]}${bestInFlight}`] ?? 0),
      })),
    );
    const share = shares.median.share ?? 0;
    return {
      cells: [
        `${PLURAL[side]}/s`,
        `${show(median[`${side}Rate`])}${range(measured, `${side}Rate`)}`,
        show(median[`${side}P50`]),
        show(median[`${side}P99`]),
        show((median[`${side}Rate`] ?? 0) * each),
        `${show(best)} (${bestInFlight} at once)`,
        show(median[`${side}Failures`]),
        `${show(share)}${range(shares, 'share')}`,
        goalText(ACME_GOAL),
      ],
      met: reached(share, ACME_GOAL),
    };
  });
  return {
    title: 'Whole bridge, a real ACME CSE',
    columns: ['', 'rate', 'p50 ms', 'p99 ms', 'CSE requests/s', 'client alone/s', 'failed', 'share', 'goal'],
    rows,
    notes: [
      `Devices with four links, ${WINDOW} registering at a time, ${DEVICES} in a turn: the CSE client alone with 1, 2, 4 and 8 requests at once, the bridge after each of`,
      'these, there and back in each round; means of a round, medians of rounds. "Client alone" is the best of its four; the bridge finds out by',
      'itself how many are best. ACME is the limit.',
    ],
  };
}

const MEASURED = ['server', 'bridge', 'valued'] as const;

function memoryTable(memory: Metrics): Table {
  const row = (name: string, metric: string, goal?: Goal, base?: string): Row => {
    const values = MEASURED.map((side) => memory[`${side}${metric}`] ?? 0);
    const cells = [name, ...values.map((value) => show(value))];
    if (goal === undefined) return { cells: [...cells, ''] };
    const judged = values.map((value, index) =>
      base === undefined ? value : value / (memory[`${MEASURED[index]}${base}`] ?? 0),
    );
    const text = base === undefined ? goalText(goal) : `${goalText(goal)} of before`;
    return { cells: [...cells, text], met: judged.every((value) => reached(value, goal)) };
  };
  return {
    title: 'Memory, endpoints with four links',
    columns: ['', 'LwM2M server', 'whole bridge', 'values looked after', 'goal'],
    rows: [
      row('in use before anything, MB', 'Before'),
      row('after 100,000 endpoints came and went, MB', 'Churned'),
      row('an exchange lifetime later, MB', 'After', { most: 1.1 }, 'Before'),
      row('heap per endpoint that just registered, bytes', 'HeapRegistered'),
      row('and outside of the heap, bytes', 'ExternalRegistered'),
      row('heap per endpoint an exchange lifetime later, bytes', 'HeapIdle', { most: 3000 }),
      row('and outside of the heap, bytes', 'ExternalIdle'),
      row('resident before anything, MB', 'ResidentBefore'),
      row('resident after 100,000 came and went and were forgotten, MB', 'ResidentAfter'),
      row('resident with 50,000 idle, MB', 'ResidentIdle'),
    ],
    notes: [
      'Garbage collected before each look. "In use" is heap and buffers together. Bytes per endpoint are measured with',
      '50,000 endpoints, each with an address of its own; they answer nothing that they are asked.',
    ],
  };
}

/** The tables of whatever parts ran. */
export function tablesOf({ lwm2m, bridge, values, growth, storm, steady, acme, memory, dtls }: BenchResults): Table[] {
  return [
    ...(lwm2m === undefined ? [] : [lwm2mTable(lwm2m), storedTable(lwm2m)]),
    ...(bridge === undefined ? [] : [bridgeTable(bridge)]),
    ...(values === undefined ? [] : valueTables(values)),
    ...(growth === undefined ? [] : [growthTable(growth)]),
    ...(storm === undefined ? [] : [stormTable(storm)]),
    ...(steady === undefined ? [] : [steadyTable(steady)]),
    ...(acme === undefined ? [] : [acmeTable(acme, bridge)]),
    ...(memory === undefined ? [] : [memoryTable(memory)]),
    ...(dtls === undefined ? [] : [dtlsTable(dtls)]),
  ];
}

/** One line about machine and moment. */
export function circumstances({ date, machine, options }: BenchResults): string {
  const { processor, cores, memory, node, platform } = machine;
  const where = `${processor}, ${cores} cores, ${show(memory / 2 ** 30)} GiB, Node ${node.slice(1)}, ${platform}`;
  const quick = options.quick ? '; a tenth of everything (--quick): the figures mean little' : '';
  return `${date.slice(0, 10)}, ${where}${quick}`;
}
