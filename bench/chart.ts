/** Values over the same categories; undefined where there is none. */
export interface ChartSeries {
  readonly name: string;
  readonly values: readonly (number | undefined)[];
}

/** A chart of a few numbers. */
export interface Chart {
  readonly title: string;
  /** What the numbers are. */
  readonly unit: string;
  /** Below the axis, evenly spaced. */
  readonly categories: readonly string[];
  /** Two at most. */
  readonly series: readonly ChartSeries[];
  readonly form: 'lines' | 'bars';
}

const WIDTH = 720;
const HEIGHT = 380;
const PLOT = { left: 70, right: 700, top: 84, bottom: 332 } as const;
const COLOURS = ['#1f5fbf', '#c9610a'];
const INK = '#1f2328';
const MUTED = '#656d76';
const GRID = '#e3e6ea';
const BAR_SHARE = 0.7;

/** Places a number between the bottom and the top of the plot. */
interface Scale {
  readonly ticks: readonly number[];
  readonly y: (value: number) => number;
}

/** The chart as an SVG document, readable on white and by itself. */
export function chartSvg(chart: Chart): string {
  const all = chart.series.flatMap(({ values }) => values.filter(isNumber));
  const scale = scaleOf(all);
  const marks = chart.form === 'lines' ? lines(chart, scale) : bars(chart, scale);
  const { left, right, bottom } = PLOT;
  const grid = scale.ticks.map((tick) => {
    const y = round(scale.y(tick));
    const line = `<line x1="${left}" x2="${right}" y1="${y}" y2="${y}" stroke="${GRID}"/>`;
    return `${line}${text(left - 8, y + 4, label(tick), { anchor: 'end', fill: MUTED })}`;
  });
  const names = chart.categories.map((name, index) =>
    text(centre(chart, index), bottom + 22, name, { anchor: 'middle', fill: INK }),
  );
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${HEIGHT}" width="${WIDTH}" height="${HEIGHT}" role="img"`,
    ` font-family="system-ui, sans-serif" font-size="12"><title>${escaped(chart.title)}</title>`,
    `<rect width="${WIDTH}" height="${HEIGHT}" fill="#ffffff"/>`,
    text(16, 26, chart.title, { anchor: 'start', fill: INK, size: 16 }),
    text(16, 46, chart.unit, { anchor: 'start', fill: MUTED }),
    ...legend(chart),
    ...grid,
    ...marks,
    `<line x1="${left}" x2="${right}" y1="${bottom}" y2="${bottom}" stroke="${MUTED}"/>`,
    ...names,
    '</svg>\n',
  ].join('\n');
}

function lines(chart: Chart, { y }: Scale): string[] {
  return chart.series.flatMap(({ values }, number) => {
    const colour = COLOURS[number % COLOURS.length] as string;
    const points = values.flatMap((value, index) =>
      isNumber(value) ? [{ x: round(centre(chart, index)), y: round(y(value)), value }] : [],
    );
    // The second below its line, so that two that run close can both be read.
    const beside = number === 0 ? -9 : 18;
    const path = points.map((point) => `${point.x},${point.y}`).join(' ');
    return [
      `<polyline points="${path}" fill="none" stroke="${colour}" stroke-width="2"/>`,
      ...points.map((point) => `<circle cx="${point.x}" cy="${point.y}" r="3.5" fill="${colour}"/>`),
      ...points.map((point) => text(point.x, point.y + beside, label(point.value), { anchor: 'middle', fill: colour })),
    ];
  });
}

function bars(chart: Chart, { y }: Scale): string[] {
  const step = (PLOT.right - PLOT.left) / chart.categories.length;
  const width = (step * BAR_SHARE) / chart.series.length;
  return chart.series.flatMap(({ values }, number) =>
    values.flatMap((value, index) => {
      if (!isNumber(value)) return [];
      const colour = COLOURS[number % COLOURS.length] as string;
      const x = centre(chart, index) + (number - chart.series.length / 2) * width;
      const top = y(value);
      return [
        `<rect x="${round(x)}" y="${round(top)}" width="${round(width - 2)}" height="${round(PLOT.bottom - top)}" fill="${colour}"/>`,
        text(x + width / 2 - 1, top - 6, label(value), { anchor: 'middle', fill: colour }),
      ];
    }),
  );
}

function legend({ series }: Chart): string[] {
  let x = 16;
  return series.flatMap(({ name }, number) => {
    const at = x;
    x += 34 + name.length * 6.6;
    return [
      `<rect x="${round(at)}" y="57" width="10" height="10" fill="${COLOURS[number % COLOURS.length]}"/>`,
      text(at + 16, 66, name, { anchor: 'start', fill: INK }),
    ];
  });
}

function scaleOf(values: readonly number[]): Scale {
  const most = Math.max(...values, 0) || 1;
  const magnitude = 10 ** Math.floor(Math.log10(most / 4));
  const step = magnitude * ([1, 2, 5, 10].find((factor) => most / 4 <= factor * magnitude) ?? 10);
  const top = Math.ceil(most / step) * step;
  const ticks = Array.from({ length: Math.round(top / step) + 1 }, (_, index) => index * step);
  return { ticks, y: (value) => PLOT.bottom - (value / top) * (PLOT.bottom - PLOT.top) };
}

function centre({ categories }: Chart, index: number): number {
  return PLOT.left + ((index + 0.5) * (PLOT.right - PLOT.left)) / categories.length;
}

function label(value: number): string {
  return value.toLocaleString('en-US', { maximumSignificantDigits: 3 });
}

interface TextStyle {
  readonly anchor: 'start' | 'middle' | 'end';
  readonly fill: string;
  readonly size?: number;
}

function text(x: number, y: number, words: string, { anchor, fill, size }: TextStyle): string {
  const font = size === undefined ? '' : ` font-size="${size}" font-weight="600"`;
  return `<text x="${round(x)}" y="${round(y)}" text-anchor="${anchor}" fill="${fill}"${font}>${escaped(words)}</text>`;
}

function escaped(words: string): string {
  return words.replace(/&/g, '&amp;').replace(/</g, '&lt;').replace(/>/g, '&gt;').replace(/"/g, '&quot;');
}

function round(value: number): number {
  return Math.round(value * 10) / 10;
}

function isNumber(value: number | undefined): value is number {
  return value !== undefined && Number.isFinite(value);
}
