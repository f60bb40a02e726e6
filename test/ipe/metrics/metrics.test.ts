import { readFileSync } from 'node:fs';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { systemClock } from '../../../common/index.ts';
import { ResourceType } from '../../../cse-client/index.ts';
import type { EmbeddedCse } from '../../../embedded-cse/index.ts';
import { Metrics } from '../../../ipe/metrics/metrics.ts';
import { AnsweringDevice } from '../../e2e/answering-device.ts';
import { type CseUnderTest, startEmbedded } from '../../support/cse-under-test.ts';
import { Device } from '../../support/device.ts';
import { Application, eventually, type RunningIpe, startIpe } from '../../support/ipe.ts';
import { readScrape, type Scrape, scrape } from './exposition.ts';

const { contentInstance, subscription } = ResourceType;
const families = new Metrics(systemClock).families;
/** Those that speak of parts which do not run everywhere. */
const CONDITIONAL = /^lwm2m_ipe_dtls_/;

let cse: CseUnderTest & { cse: EmbeddedCse };
let ipe: RunningIpe;
const open: { close(): void }[] = [];

const scraped = () => scrape(ipe.ready.http.port);
const until = (holds: (now: Scrape) => boolean) => eventually(scraped, holds);
const value = ({ values }: Scrape, series: string) => values.get(`lwm2m_ipe_${series}`);

async function answering(): Promise<AnsweringDevice> {
  const device = await AnsweringDevice.open(ipe.port);
  open.push(device);
  device.holds('/3303/0', [{ n: '5700', v: 21.5 }]);
  device.objects.set('/3303/0/5605', { code: '2.04' });
  return device;
}

async function bare(endpoint: string): Promise<Device> {
  const device = await Device.open(ipe.port);
  open.push(device);
  expect(await device.register({ endpoint })).toMatchObject({ code: '2.01' });
  return device;
}

beforeEach(async () => {
  cse = await startEmbedded('standard');
});
afterEach(async () => {
  for (const one of open.splice(0)) one.close();
  await ipe.stop();
  await cse.stop();
});

describe('GET /metrics', () => {
  it('tells every family with its type and help, in the text format of Prometheus', async () => {
    ipe = await startIpe(cse, { access: { command: ['Capp'] } });
    const response = await fetch(`http://127.0.0.1:${ipe.ready.http.port}/metrics`);
    expect(response.headers.get('content-type')).toBe('text/plain; version=0.0.4; charset=utf-8');
    const { types, help, values } = readScrape(await response.text());
    for (const { name, type, help: text } of families)
      expect([name, types.get(name), help.get(name)]).toEqual([name, type, text]);
    for (const name of ['process_cpu_seconds_total', 'process_resident_memory_bytes', 'nodejs_heap_size_used_bytes']) {
      expect(values.has(name)).toBe(true);
    }
    expect([...types.keys()].filter((name) => name.startsWith('nodejs_eventloop_lag'))).toEqual([]);
    expect([...values.keys()].filter((series) => CONDITIONAL.test(series))).toEqual([]);
  });

  it('is not there when metrics.enabled is false', async () => {
    ipe = await startIpe(cse, { metrics: { enabled: false } });
    expect((await fetch(`http://127.0.0.1:${ipe.ready.http.port}/metrics`)).status).toBe(404);
  });

  it('counts what a device does and what is done with it', async () => {
    ipe = await startIpe(cse, { access: { command: ['Capp'] } });
    const app = await Application.start(cse);
    const device = await answering();
    expect(await device.register('thermometer')).toBe('2.01');
    await until((now) => (value(now, 'values_total{result="stored"}') ?? 0) >= 1);
    await eventually(
      () => app.client.children(`${cse.base}/thermometer/requests`).catch(() => []),
      (children) => children.some(({ type }) => type === subscription),
    );
    const before = await scraped();
    await device.notify('/3303/0', [{ n: '5700', v: 22 }]);
    const command = { id: 'c1', operation: 'execute', path: '/3303/0/5605' };
    await app.client.create(contentInstance, `${cse.base}/thermometer/requests`, { con: JSON.stringify(command) });
    await until((now) => value(now, 'commands_total{state="done"}') === 1);
    const stored = value(before, 'values_total{result="stored"}') ?? 0;
    const after = await until((now) => (value(now, 'values_total{result="stored"}') ?? 0) > stored);
    expect(value(after, 'registrations{state="awake"}')).toBe(1);
    expect(value(after, 'registration_operations_total{operation="register"}')).toBe(1);
    expect(value(after, 'reports_total{result="notification"}')).toBe(1);
    expect(value(after, 'commands_total{state="taken"}')).toBe(1);
    expect(value(after, 'commands_waiting')).toBe(0);
    expect(value(after, 'cse_notifications_total{result="accepted"}')).toBeGreaterThan(0);
    expect(value(after, 'values_waiting')).toBe(0);
    expect(value(after, 'trees')).toBe(1);
    const all = value(after, 'values_total{result="stored"}');
    expect(value(after, 'value_delay_seconds_count')).toBe(all);
    expect(value(after, 'value_delay_seconds_bucket{le="+Inf"}')).toBe(all);
    const created = value(after, 'cse_requests_total{operation="create",code="2001"}');
    expect(created).toBeGreaterThan(5);
    expect(value(after, 'cse_answer_seconds_count{operation="create"}')).toBeGreaterThanOrEqual(created ?? 0);
    await app.stop();
  });

  it('tells a scrape the same as the one before it, when nothing has happened in between', async () => {
    // Else the device would be asked for its values, and answer whenever it does.
    ipe = await startIpe(cse, { store: { kind: 'memory' }, values: { mode: 'none' } });
    await bare('quiet');
    const [one, other] = [await scraped(), await scraped()];
    const own = ({ values }: Scrape) =>
      [...values].filter(([series]) => series.startsWith('lwm2m_ipe_') && !series.includes('event_loop'));
    expect(own(other)).toEqual(own(one));
    // It is sampled every few milliseconds.
    await until((later) => (value(later, 'event_loop_delay_seconds_count') ?? 0) > 0);
  });

  it('has no more series for many devices than for one', async () => {
    ipe = await startIpe(cse);
    await bare('first');
    const names = async () => [...(await scraped()).values.keys()].filter((series) => series.startsWith('lwm2m_ipe_'));
    const few = await names();
    for (let i = 0; i < 20; i++) await bare(`one-of-many-${i}`);
    expect(await names()).toEqual(few);
    expect(few.filter((series) => series.includes('first'))).toEqual([]);
  });

  it('counts refusals of devices by code, and ends of requests to the CSE by what ended them', async () => {
    ipe = await startIpe(cse, { cse: { whenAway: 'refuse', timeout: '1s' } });
    const device = await Device.open(ipe.port);
    open.push(device);
    expect(await device.register({ endpoint: '' })).toMatchObject({ code: '4.00' });
    await cse.stop();
    expect(await device.register({ endpoint: 'late' })).toMatchObject({ code: '5.03' });
    const now = await scraped();
    expect(value(now, 'registration_refusals_total{code="4.00"}')).toBe(1);
    expect(value(now, 'registration_refusals_total{code="5.03"}')).toBe(1);
    expect(value(now, 'cse_requests_total{operation="create",code="cse/unreachable"}')).toBeGreaterThan(0);
    expect(value(now, 'cse_away')).toBe(1);
    expect(value(await until((then) => (value(then, 'cse_away_seconds') ?? 0) > 0), 'cse_away_seconds')).toBeLessThan(
      60,
    );
  });
});

describe('docs/operation.md', () => {
  it('has one row for each family, as /metrics tells it', async () => {
    ipe = await startIpe(cse);
    const page = readFileSync(new URL('../../../docs/operation.md', import.meta.url), 'utf8');
    const rows = page.split('\n').filter((line) => line.startsWith('| `lwm2m_ipe_') && line.split('|').length === 6);
    expect(rows).toEqual(
      families.map(({ name, type, labels, help }) => {
        return `| \`${name}\` | ${type} | ${labels.map((label) => `\`${label}\``).join(', ')} | ${help} |`;
      }),
    );
  });
});

describe('examples/grafana', () => {
  const file = (name: string) => readFileSync(new URL(`../../../examples/grafana/${name}`, import.meta.url), 'utf8');
  const named = (text: string) => new Set(text.match(/\b(?:lwm2m_ipe|process|nodejs)_[a-z_]+\b/g));

  it.each(['dashboard.json', 'alerts.yml'])(
    '%s names only series that there are, with labels that they have',
    async (name) => {
      ipe = await startIpe(cse);
      const { types } = await scraped();
      const text = file(name);
      expect(named(text).size).toBeGreaterThan(5);
      const bare = (series: string) => (types.has(series) ? series : series.replace(/_(bucket|sum|count)$/, ''));
      expect([...named(text)].filter((series) => !types.has(bare(series)))).toEqual([]);
      for (const { name: family, labels } of families) {
        for (const [, selectors = ''] of text.matchAll(new RegExp(`\\b${family}(?:_bucket)?\\{([^}]*)\\}`, 'g'))) {
          const used = [...selectors.matchAll(/([a-z]+)=/g)].map(([, label]) => label);
          expect([family, used.filter((label) => label !== 'job' && !labels.includes(label ?? ''))]).toEqual([
            family,
            [],
          ]);
        }
      }
    },
  );

  it('the dashboard has each panel once', async () => {
    ipe = await startIpe(cse);
    const { panels } = JSON.parse(file('dashboard.json')) as { panels: { id: number; title: string; type: string }[] };
    expect(new Set(panels.map(({ id }) => id)).size).toBe(panels.length);
    expect(new Set(panels.map(({ title }) => title)).size).toBe(panels.length);
  });
});
