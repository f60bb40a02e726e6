import { SaxesParser } from 'saxes';
import { describe, expect, test } from 'vitest';
import { type Chart, chartSvg } from '../../bench/chart.ts';
import { plotsOf } from '../../bench/plots.ts';
import type { BenchResults } from '../../bench/results.ts';

/** Elements by name, and all text; throws for what is no XML. */
function elementsOf(svg: string): {
  readonly elements: Record<string, number>[];
  readonly names: string[];
  readonly words: string[];
} {
  const elements: Record<string, number>[] = [];
  const names: string[] = [];
  const words: string[] = [];
  const parser = new SaxesParser();
  parser.on('error', (error) => {
    throw error;
  });
  parser.on('opentag', ({ name, attributes }) => {
    names.push(name);
    elements.push(Object.fromEntries(Object.entries(attributes).map(([key, value]) => [key, Number(value)])));
  });
  parser.on('text', (text) => words.push(text));
  parser.write(svg).close();
  return { elements, names, words };
}

const CHART: Chart = {
  title: 'Speed <of> "us" & them',
  unit: 'a second',
  categories: ['few', 'many'],
  series: [
    { name: 'ours', values: [100, 400] },
    { name: 'theirs', values: [50, undefined] },
  ],
  form: 'bars',
};

describe('plots of the benchmark', () => {
  test('are XML, with the title, the categories, the legend and every value in it', () => {
    const { words } = elementsOf(chartSvg(CHART));
    expect(words).toEqual(expect.arrayContaining([CHART.title, 'few', 'many', 'ours', 'theirs', '100', '400', '50']));
  });

  test('draw bars from zero, as high as their values', () => {
    const { elements, names } = elementsOf(chartSvg(CHART));
    const bars = elements.filter((_, index) => names[index] === 'rect').filter(({ height = 0 }) => height !== 10);
    const heights = bars.slice(1).map(({ height }) => height ?? 0);
    expect(heights).toHaveLength(3);
    expect((heights[1] ?? 0) / (heights[0] ?? 1)).toBeCloseTo(4, 1);
    expect((heights[0] ?? 0) / (heights[2] ?? 1)).toBeCloseTo(2, 1);
  });

  test('draw lines on the same scale, and leave out what is missing', () => {
    const series = [{ name: 'ours', values: [0, 100, 200, undefined] }];
    const chart = { ...CHART, categories: ['a', 'b', 'c', 'd'], series, form: 'lines' } as const;
    const { elements, names } = elementsOf(chartSvg(chart));
    const heights = elements.filter((_, index) => names[index] === 'circle').map(({ cy = 0 }) => cy);
    expect(heights).toHaveLength(3);
    const [first = 0, second = 0, third = 0] = heights;
    expect(first - second).toBeCloseTo(second - third, 0);
    expect(first).toBeGreaterThan(second);
  });

  test('are those of the parts that ran', () => {
    const growth = { '100': { 'server updateRate': 5 }, '1000': { 'server updateRate': 4 } };
    const plots = plotsOf({ growth } as unknown as BenchResults);
    expect([...plots.keys()]).toEqual(['growth-server', 'growth-bridge', 'growth-memory']);
    expect(plots.get('growth-server')?.categories).toEqual(['100 endpoints', '1,000 endpoints']);
    for (const chart of plots.values()) elementsOf(chartSvg(chart));
  });
});
