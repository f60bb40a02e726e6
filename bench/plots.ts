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
  return [
    [
      'growth-speed',
      {
        title: 'Speed as endpoints grow',
        unit: 'operations a second; more is better; logarithmic',
        categories,
        series: [
          series('LwM2M server, updates', 'server updateRate'),
          series('LwM2M server, registrations', 'server registerRate'),
          series('whole bridge, updates', 'bridge updateRate'),
          series('whole bridge, registrations', 'bridge registerRate'),
        ],
        form: 'lines',
        logarithmic: true,
      },
    ],
    [
      'growth-memory',
      {
        title: 'Memory as endpoints grow',
        unit: 'megabytes resident; less is better',
        categories,
        series: [series('LwM2M server', 'server updateResident'), series('whole bridge', 'bridge updateResident')],
        form: 'lines',
      },
    ],
  ];
}
