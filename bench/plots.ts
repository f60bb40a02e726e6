import type { Chart } from './chart.ts';
import { type Growth, SIZES } from './growth-part.ts';
import type { BenchResults } from './results.ts';
import { show } from './table.ts';

/** Charts by the name of their file, of whatever parts ran. */
export function plotsOf({ lwm2m, growth }: BenchResults): ReadonlyMap<string, Chart> {
  return new Map([
    ...(lwm2m?.leshan === undefined ? [] : [['server-speed', speed(lwm2m.ours.median, lwm2m.leshan.median)] as const]),
    ...(growth === undefined ? [] : growthPlots(growth)),
  ]);
}

function speed(ours: Readonly<Record<string, number>>, leshan: Readonly<Record<string, number>>): Chart {
  const rates = ['registerRate', 'updateRate'];
  return {
    title: 'LwM2M server alone',
    unit: 'operations a second; more is better',
    categories: ['registrations', 'updates'],
    series: [
      { name: 'lwm2m-ipe', values: rates.map((rate) => ours[rate]) },
      { name: 'Leshan 2.0.0-M18', values: rates.map((rate) => leshan[rate]) },
    ],
    form: 'bars',
  };
}

function growthPlots(growth: Growth): (readonly [string, Chart])[] {
  const sizes = SIZES.filter((size) => growth[size] !== undefined);
  const categories = sizes.map((size) => `${show(size)} endpoints`);
  const series = (name: string, metric: string) => ({ name, values: sizes.map((size) => growth[size]?.[metric]) });
  const speedOf = (side: 'server' | 'bridge', title: string): Chart => ({
    title: `${title}: speed as endpoints grow`,
    unit: 'operations a second; more is better',
    categories,
    series: [series('updates', `${side} updateRate`), series('registrations', `${side} registerRate`)],
    form: 'lines',
  });
  const memory: Chart = {
    title: 'Memory as endpoints grow',
    unit: 'megabytes resident; less is better',
    categories,
    series: [series('whole bridge', 'bridge updateResident'), series('LwM2M server', 'server updateResident')],
    form: 'lines',
  };
  return [
    ['growth-server', speedOf('server', 'LwM2M server')],
    ['growth-bridge', speedOf('bridge', 'Whole bridge')],
    ['growth-memory', memory],
  ];
}
