import type { Metrics, Series } from '../metrics.ts';
import { type Goal, goalText, type Row, reached, show, spread, type Table } from '../table.ts';
import type { ValueResults } from '../values-part.ts';
import { countName, POLICIES } from './requests.ts';

const THROUGHPUT_ROWS: readonly (readonly [name: string, metric: string, goal?: Goal])[] = [
  ['values/s through the bridge', 'rate'],
  ['creates/s of the CSE client alone', 'rawRate'],
  ['share', 'share', { least: 0.8 }],
  ['share with nothing between LwM2M server and CSE client', 'directShare'],
  ['CPU of the bridge per value, µs', 'cpu'],
  ['CPU of the client alone per create, µs', 'rawCpu'],
  ['notification sent to CREATE received at half of that rate, p50 ms', 'delayP50'],
  ['the same, p99 ms', 'delayP99', { most: 10 }],
  ['at the full rate, p50 ms', 'delayUnderLoadP50'],
  ['at the full rate, p99 ms', 'delayUnderLoadP99'],
  ['values lost', 'lost', { most: 0 }],
  ['values out of order', 'disordered', { most: 0 }],
];

/** The tables of what values cost. */
export function valueTables({ throughput, requests, memory }: ValueResults): Table[] {
  return [throughputTable(throughput), requestTable(requests), memoryTable(memory)];
}

function throughputTable({ senml, tlv }: ValueResults['throughput']): Table {
  const both: readonly Series[] = [senml, tlv];
  const rows = THROUGHPUT_ROWS.map(([name, metric, goal]): Row => {
    const cells = [name, ...both.map((series) => spread(series, metric))];
    if (goal === undefined) return { cells: [...cells, ''] };
    const met = both.every(({ median }) => reached(median[metric] ?? Number.NaN, goal));
    return { cells: [...cells, goalText(goal)], met };
  });
  return {
    title: 'Values, a CSE that answers at once',
    columns: ['', 'SenML JSON', 'TLV', 'goal'],
    rows,
    notes: [
      `Median of ${senml.rounds.length} rounds (least-most), a fresh bridge each, the client alone before and after it. 500 devices with an observed`,
      'instance of one resource, 256 NON notifications on their way at once, 32 requests to the CSE. Devices and CSE are one process, the',
      'bridge another: delays are measured from outside by one clock, the value in the CREATE being the number of the notification.',
    ],
  };
}

const KINDS = ['register', 'registerAgain', 'update', 'notification', 'deregister'] as const;

function requestTable(requests: Metrics): Table {
  return {
    title: 'Requests to the CSE, by mode and policy',
    columns: ['`mode`', '`observe`', 'Register', 'Register again', 'Update', 'notification', 'De-register'],
    rows: POLICIES.map((policy) => ({
      cells: [policy.mode, policy.observe, ...KINDS.map((kind) => show(requests[countName(kind, policy)]))],
    })),
    notes: [
      'Devices with four links (1/0, 3/0, 3303/0, 3311/0), each with one resource, read, and observed but for 1/0; a CSE that cuts a child’s',
      'expirationTime to its parent’s; `expiryRefresh: eager`. Register, of a device that comes alone, holds the',
      'containers of the values and the first value of each.',
    ],
  };
}

function memoryTable(memory: Metrics): Table {
  return {
    title: 'Memory of an observed endpoint',
    columns: ['', 'whole bridge'],
    rows: [
      { cells: ['heap per endpoint, bytes', show(memory.observedHeap)] },
      { cells: ['and outside of the heap, bytes', show(memory.observedExternal)] },
      { cells: ['resident, MB', show(memory.observedResident)] },
    ],
    notes: [
      'Endpoints with four links, each with an address of its own, read and observed (three observations), values in the CSE, an exchange',
      'lifetime later; garbage collected.',
    ],
  };
}
