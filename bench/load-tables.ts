import { type Growth, SIZES } from './growth-part.ts';
import type { Metrics } from './metrics.ts';
import { STORMS, type Storms, stormName } from './storm-part.ts';
import { type Goal, goalText, type Row, reached, show, spread, type Table } from './table.ts';

const GROWTH_ROWS: readonly (readonly [name: string, metric: string, goal?: Goal])[] = [
  ['registrations/s', 'registerRate'],
  ['updates/s', 'updateRate'],
  ['update p99, ms', 'updateP99'],
  ['CPU per update, µs', 'updateCpu'],
  ['resident memory, MB', 'updateResident'],
  ['delay of the event loop p99, ms', 'delayP99', { most: 20 }],
  ['failed updates', 'updateFailures', { most: 0 }],
];
const SIDES = [
  ['server', 'LwM2M server'],
  ['bridge', 'whole bridge'],
] as const;

/** What becomes of speed and memory as endpoints grow. */
export function growthTable(growth: Growth): Table {
  const sizes = SIZES.filter((size) => growth[size] !== undefined);
  const rows = SIDES.flatMap(([side, title]) =>
    GROWTH_ROWS.map(([name, metric, goal]): Row => {
      const of = sizes.map((size) => growth[size]?.[`${side} ${metric}`]);
      const cells = [`${title}, ${name}`, ...of.map(show)];
      if (goal === undefined) return { cells: [...cells, ''] };
      return { cells: [...cells, goalText(goal)], met: of.every((value) => reached(value ?? Number.NaN, goal)) };
    }),
  );
  return {
    title: 'Growth',
    columns: ['endpoints', ...sizes.map(show), 'goal'],
    rows,
    notes: [
      'A fresh process for each number of endpoints; 256 requests in flight, 32 to a CSE that answers at once, values left alone. The delay of the',
      'event loop is that of a timer within the process, over registrations and updates.',
    ],
  };
}

const STORM_ROWS: readonly (readonly [name: string, metric: string, goal?: Goal])[] = [
  ['registered', 'registered'],
  ['refused', 'refused', { most: 0 }],
  ['not answered within a minute', 'unanswered', { most: 0 }],
  ['register p50, ms', 'registerP50'],
  ['register p99, ms', 'registerP99'],
  ['seconds until the last is registered', 'secondsRegistered'],
  ['seconds until the CSE has the first values of all', 'secondsStored'],
  ['values that it never got', 'valuesMissing', { most: 0 }],
  ['delay of the event loop p99 until the last is registered, ms', 'delayP99', { most: 20 }],
  ['delay of the event loop p99 after that, ms', 'delayP99After', { most: 20 }],
  ['resident memory, MB', 'resident'],
];

const STEADY_ROWS: readonly (readonly [name: string, metric: string, goal?: Goal])[] = [
  ['endpoints, each with three observations', 'endpoints'],
  ['seconds until all are registered, read and observed', 'secondsToCome'],
  ['Updates', 'updates'],
  ['Update p50, ms', 'updateP50'],
  ['Update p99, ms', 'updateP99'],
  ['notifications', 'notifications'],
  ['notification sent to CREATE received, p50 ms', 'delayP50'],
  ['the same, p99 ms', 'delayP99'],
  ['values lost', 'lost', { most: 0 }],
  ['values out of order', 'disordered', { most: 0 }],
  ['CPU of the bridge, share of one core', 'cpuShare'],
  ['delay of the event loop p99, ms', 'loopP99', { most: 20 }],
  ['resident memory, MB', 'resident'],
];

/** What an ordinary day of many endpoints costs. */
export function steadyTable(found: Metrics): Table {
  const rows = STEADY_ROWS.map(([name, metric, goal]): Row => {
    const cells = [name, show(found[metric])];
    if (goal === undefined) return { cells: [...cells, ''] };
    return { cells: [...cells, goalText(goal)], met: reached(found[metric] ?? Number.NaN, goal) };
  });
  return {
    title: 'An ordinary day',
    columns: ['', '', 'goal'],
    rows,
    notes: [
      'Each endpoint updates every five minutes, and 1,000 notifications come a second, from 8,000 of them; a CSE that answers at once. Devices and CSE',
      'are one process, the bridge another.',
    ],
  };
}

/** What becomes of devices that come all at once. */
export function stormTable(storms: Storms): Table {
  const names = STORMS.map(stormName).filter((name) => storms[name] !== undefined);
  const found = names.flatMap((name) => storms[name] ?? []);
  const rows = STORM_ROWS.map(([name, metric, goal]): Row => {
    const cells = [name, ...found.map((series) => spread(series, metric))];
    if (goal === undefined) return { cells: [...cells, ''] };
    return {
      cells: [...cells, goalText(goal)],
      met: found.every(({ median }) => reached(median[metric] ?? Number.NaN, goal)),
    };
  });
  return {
    title: 'Storm',
    columns: ['devices', ...names, 'goal'],
    rows,
    notes: [
      'Devices with four links, each with one resource, read after they registered, three of them observed; whole bridge, 32 requests to a CSE that',
      'answers at once. Devices and CSE are one process, the bridge another.',
    ],
  };
}
