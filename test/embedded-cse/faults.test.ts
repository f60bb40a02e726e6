import { afterEach, describe, expect, it } from 'vitest';
import type { EmbeddedCseOptions } from '../../embedded-cse/index.ts';
import { HeldClock } from '../support/held-clock.ts';
import { RETRIEVE } from './requests.ts';
import { type Running, startEmbeddedCse } from './running.ts';

const stops: (() => Promise<void>)[] = [];
afterEach(async () => {
  for (const stop of stops.splice(0).reverse()) await stop();
});

async function running(options: EmbeddedCseOptions = {}): Promise<Running> {
  const started = await startEmbeddedCse(options);
  stops.push(() => started.cse.stop());
  return started;
}

describe('faults', () => {
  it('refuse answers a matching request with the code, n times, without touching the tree', async () => {
    const { cse, admin } = await running();
    const fault = cse.faults.refuse(4103, { op: 1, ty: 14 }, { times: 2 });
    const create = () => admin.create('cse-in', 14, { rn: 'n', ni: 'x' });
    const [first, second] = [await create(), await create()];
    expect([first.status, first.rsc, second.rsc, fault.hits]).toEqual([403, 4103, 4103, 2]);
    expect((await admin.retrieve('cse-in/n')).rsc).toBe(4004);
    expect((await create()).rsc).toBe(2001);
  });

  it('match by operation, type, originator and address', async () => {
    const { cse, admin } = await running();
    const { caller, path } = await admin.application();
    cse.faults.refuse(5000, { op: RETRIEVE, originator: 'CAdmin', to: /app/ });
    expect((await caller.retrieve(path)).rsc).toBe(2000);
    expect((await admin.retrieve('cse-in')).rsc).toBe(2000);
    expect((await admin.retrieve(path)).rsc).toBe(5000);
    cse.faults.clear();
    expect((await admin.retrieve(path)).rsc).toBe(2000);
  });

  it('delay makes answers late by the CSE’s clock', async () => {
    const clock = new HeldClock();
    const { cse, admin } = await running({ clock });
    cse.faults.delay(5_000, {}, { times: 1 });
    let answered = false;
    const asked = admin.retrieve('cse-in').then((answer) => {
      answered = true;
      return answer.rsc;
    });
    await expect.poll(() => cse.counters.requests).toBe(1);
    clock.pass(4_999);
    await new Promise((resolve) => setImmediate(resolve));
    expect(answered).toBe(false);
    clock.pass(1);
    expect(await asked).toBe(2000);
  });

  it('drop breaks the connection, before or after the request was carried out', async () => {
    const { cse, admin } = await running();
    cse.faults.drop({ op: 1 }, { times: 1 });
    await expect(admin.create('cse-in', 14, { rn: 'before', ni: 'x' })).rejects.toThrow();
    cse.faults.drop({ op: 1 }, { times: 1, after: true });
    await expect(admin.create('cse-in', 14, { rn: 'after', ni: 'x' })).rejects.toThrow();
    expect([(await admin.retrieve('cse-in/before')).rsc, (await admin.retrieve('cse-in/after')).rsc]).toEqual([
      4004, 2000,
    ]);
  });

  it('forget empties the CSE, as a restart does', async () => {
    const { cse, admin } = await running();
    const { path } = await admin.application();
    cse.faults.forget();
    expect((await admin.retrieve(path)).rsc).toBe(4004);
    expect((await admin.retrieve('cse-in')).rsc).toBe(2000);
  });

  it('may be taken back one by one', async () => {
    const { cse, admin } = await running();
    const fault = cse.faults.refuse(5000);
    fault.cancel();
    expect([(await admin.retrieve('cse-in')).rsc, fault.hits]).toEqual([2000, 0]);
  });
});
