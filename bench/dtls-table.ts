import type { DtlsResults } from './dtls-part.ts';
import { type Goal, goalText, type Row, range, reached, show, type Table } from './table.ts';

/** Name, metric, and the goal of ours divided by Leshan's. */
const ROWS: readonly (readonly [name: string, metric: string, goal?: Goal])[] = [
  ['PSK handshakes/s, cookies included', 'pskRate', { least: 1.2 }],
  ['PSK handshake p50, ms', 'pskP50'],
  ['PSK handshake p99, ms', 'pskP99'],
  ['server CPU per PSK handshake, µs', 'pskCpu'],
  ['ECDSA handshakes/s, both sides with certificates', 'ecdsaRate'],
  ['server CPU per ECDSA handshake, µs', 'ecdsaCpu'],
  ['protected requests/s', 'requestRate'],
  ['protected request p50, ms', 'requestP50'],
  ['protected request p99, ms', 'requestP99'],
  ['server CPU per protected request, µs', 'requestCpu'],
  ['resident memory per session, bytes', 'sessionMemory'],
  ['failed handshakes', 'failures'],
];

/** DTLS beside Leshan's, where that was measured. */
export function dtlsTable({ ours, leshan }: DtlsResults): Table {
  const rows = ROWS.map(([name, metric, goal]): Row => {
    const value = ours.median[metric];
    const cells = [name, `${show(value)}${range(ours, metric)}`];
    if (leshan === undefined) return { cells };
    const ratio = (value ?? 0) / (leshan.median[metric] ?? 0);
    const compared = [...cells, `${show(leshan.median[metric])}${range(leshan, metric)}`, show(ratio)];
    if (goal === undefined) return { cells: [...compared, ''] };
    return { cells: [...compared, goalText(goal)], met: reached(ratio, goal) };
  });
  return {
    title: 'CoAP over DTLS alone',
    columns: ['', 'lwm2m-ipe', ...(leshan === undefined ? [] : ['Leshan 2.0.0-M18', 'ratio', 'goal'])],
    rows,
    notes: [
      `Median of ${ours.rounds.length} alternating rounds (least-most), a fresh process each; full handshakes, CCM_8, one generator with 64`,
      'in progress: it takes more CPU than the server, and on two cores bounds the rates; 64 sessions with a request in flight each.',
    ],
  };
}
