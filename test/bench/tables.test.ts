import { describe, expect, test } from 'vitest';
import { series } from '../../bench/metrics.ts';
import { parseBenchOptions } from '../../bench/options.ts';
import { type BenchResults, machine } from '../../bench/results.ts';
import { tablesOf } from '../../bench/tables.ts';
import { markdownTable, textTable } from '../../bench/text-table.ts';

function results(parts: Partial<BenchResults>): BenchResults {
  const options = parseBenchOptions([]);
  if (options === undefined) throw new RangeError('options');
  return { date: '2026-01-01T00:00:00.000Z', machine: machine(), options, failures: {}, ...parts };
}

const one = (metrics: Readonly<Record<string, number>>) => series([metrics, metrics, metrics]);

describe('tables of the benchmark', () => {
  test('show nothing of parts that did not run', () => {
    expect(tablesOf(results({}))).toEqual([]);
  });

  test('say of DTLS what it comes to beside Leshan, where that was measured', () => {
    const ours = { pskRate: 6_000, pskCpu: 100, sessionMemory: 36_000 };
    const leshan = { pskRate: 4_000, pskCpu: 200, sessionMemory: 40_000 };
    const [alone] = tablesOf(results({ dtls: { ours: one(ours) } }));
    expect(alone?.columns).toEqual(['', 'lwm2m-ipe']);
    const [table] = tablesOf(results({ dtls: { ours: one(ours), leshan: one(leshan) } }));
    expect(table?.rows[0]).toMatchObject({ met: true, cells: expect.arrayContaining(['1.50', '>= 1.2']) });
  });

  test('say of values whether each goal was reached with every format', () => {
    const good = { rate: 9_000, rawRate: 10_000, share: 0.9, delayP99: 4, lost: 0, disordered: 0 };
    const values = {
      throughput: { senml: one(good), tlv: one({ ...good, share: 0.7 }) },
      requests: { 'register semantic always': 24 },
      memory: { observedHeap: 4_000 },
    };
    const [throughput, requests, memory] = tablesOf(results({ values }));
    const met = Object.fromEntries(throughput?.rows.map(({ cells, met }) => [cells[0], met]) ?? []);
    expect(met).toMatchObject({ share: false, 'values lost': true, 'the same, p99 ms': true });
    expect(requests?.rows[0]?.cells.slice(0, 3)).toEqual(['semantic', 'always', '24.0']);
    expect(memory?.rows[0]?.cells[1]).toBe('4,000');
  });

  test('say of growth and storms whether the event loop was ever late', () => {
    const busy = { 'server delayP99': 3, 'bridge delayP99': 30, 'server updateFailures': 0 };
    const storm = { '10000 in 10 s': one({ registered: 10_000, refused: 0, valuesMissing: 0, delayP99: 12 }) };
    const [growth, storms] = tablesOf(results({ growth: { '100': busy, '1000': busy }, storm }));
    expect(growth?.columns).toEqual(['endpoints', '100', '1,000', 'goal']);
    const late = growth?.rows.filter(({ cells }) => cells[0]?.includes('event loop')).map(({ met }) => met);
    expect(late).toEqual([true, false]);
    expect(storms?.columns).toEqual(['devices', '10000 in 10 s', 'goal']);
    expect(storms?.rows.find(({ cells }) => cells[0] === 'refused')?.met).toBe(true);
  });

  test('have as many cells in each row as columns, on the terminal and in Markdown', () => {
    const storm = { '10000 in 1 s': one({}), '10000 in 10 s': one({}) };
    const values = { throughput: { senml: one({}), tlv: one({}) }, requests: {}, memory: {} };
    for (const table of tablesOf(results({ values, growth: { '100': {} }, storm }))) {
      for (const { cells } of table.rows) expect(cells, table.title).toHaveLength(table.columns.length);
      expect(markdownTable(table)).toContain(`## ${table.title}`);
      expect(textTable(table).split('\n')).toHaveLength(4 + table.rows.length + table.notes.length);
    }
  });
});
