import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { Caller, type Subject } from './caller.ts';
import { Listener } from './listener.ts';

/** Requests that wait for the target of a subscription. */
export function blockingContract(subject: () => Subject): void {
  const admin = () => new Caller(subject(), subject().admin);
  let listener: Listener;

  beforeAll(async () => {
    listener = await Listener.start();
  });
  beforeEach(() => listener.clear());
  afterAll(() => listener.stop());

  describe('blocking UPDATE, net 7 (TS-0004 7.4.8.2.5)', () => {
    async function guarded() {
      const guard = await admin().application({ rr: true, poa: [listener.url] });
      const owner = await admin().application();
      await owner.caller.create(owner.path, 3, { rn: 'c', lbl: ['before'] });
      const attributes = { nu: [`${subject().cseId}/${guard.aei}`], enc: { net: [7] } };
      const sub = await owner.caller.create(`${owner.path}/c`, 23, attributes);
      listener.clear();
      return { ...owner, cnt: `${owner.path}/c`, sub, guard };
    }

    it('asks before it changes, naming the requester and what it wants', async () => {
      const { caller, cnt, aei, sub } = await guarded();
      expect([sub.rsc, sub.body['m2m:sub'].nct]).toEqual([2001, 2]);
      expect((await caller.update(cnt, 3, { lbl: ['after'] })).rsc).toBe(2004);
      const [asked] = listener.arrivals;
      expect(asked?.headers['x-m2m-origin']).toBe(`${subject().cseId}/${aei}`);
      expect(asked?.body['m2m:sgn'].nev).toEqual({ net: 7, rep: { 'm2m:cnt': { lbl: ['after'] } } });
    });

    it.each([
      [4103, 403, 4103],
      [4000, 400, 4000],
      [4005, 403, 4127],
      [5103, 404, 5107],
    ])('the answer %i makes the UPDATE %i/%i and changes nothing', async (answer, status, rsc) => {
      const { caller, cnt } = await guarded();
      listener.reply = () => ({ rsc: answer });
      const refused = await caller.update(cnt, 3, { lbl: ['after'] });
      expect([refused.status, refused.rsc]).toEqual([status, rsc]);
      expect((await caller.retrieve(cnt)).body['m2m:cnt'].lbl).toEqual(['before']);
    });

    it('is one for a resource: a second is 4000', async () => {
      const { caller, cnt, guard } = await guarded();
      const second = await caller.create(cnt, 23, { nu: [`${subject().cseId}/${guard.aei}`], enc: { net: [7] } });
      expect(second.rsc).toBe(4000);
    });
  });

  describe('blocking RETRIEVE of a child, net 10 with ma (ACME)', () => {
    async function readable(ma: string | undefined) {
      const guard = await admin().application({ rr: true, poa: [listener.url] });
      const cnt = `${guard.path}/c`;
      await guard.caller.create(guard.path, 3, { rn: 'c' });
      await guard.caller.create(cnt, 4, { rn: 'first', con: 'old' });
      const attributes = { nu: [`${subject().cseId}/${guard.aei}`], enc: { net: [10] }, ...(ma && { ma }) };
      const sub = await guard.caller.create(cnt, 23, attributes);
      listener.clear();
      return { ...guard, cnt, sub };
    }
    const latest = async (caller: Caller, cnt: string) => (await caller.retrieve(`${cnt}/la`)).body['m2m:cin'].con;

    it('a RETRIEVE of la gives what its target has made before it answers', async () => {
      const { caller, cnt, aei, sub } = await readable('PT0S');
      expect([sub.rsc, sub.body['m2m:sub'].nct]).toEqual([2001, undefined]);
      listener.reply = () => ({ rsc: 2000, before: () => caller.create(cnt, 4, { con: 'new' }) });
      expect(await latest(caller, cnt)).toBe('new');
      const [asked] = listener.arrivals;
      expect(asked?.headers['x-m2m-origin']).toBe(`${subject().cseId}/${aei}`);
      const sur = `${subject().cseId}/${sub.body['m2m:sub'].ri}`;
      expect(asked?.body).toEqual({ 'm2m:sgn': { nev: { net: 10 }, sur, cr: aei } });
    });

    it('a refusal gives what is there', async () => {
      const { caller, cnt } = await readable('PT0S');
      listener.reply = () => ({ rsc: 4103 });
      expect(await latest(caller, cnt)).toBe('old');
      expect(listener.arrivals.length).toBeGreaterThan(0);
    });

    it.each(['PT1H', undefined])('what is younger than ma, or has none (%s), asks nobody', async (ma) => {
      const { caller, cnt } = await readable(ma);
      expect(await latest(caller, cnt)).toBe('old');
      expect(listener.arrivals).toHaveLength(0);
    });

    it('is one for a resource, alone in its criteria, and for no type of children: else 4000', async () => {
      const { caller, cnt, path, aei } = await readable('PT1H');
      const nu = [`${subject().cseId}/${aei}`];
      expect((await caller.create(cnt, 23, { nu, enc: { net: [10] }, ma: 'PT1H' })).rsc).toBe(4000);
      expect((await caller.create(path, 23, { nu, enc: { net: [10, 3] }, ma: 'PT1H' })).rsc).toBe(4000);
      expect((await caller.create(path, 23, { nu, enc: { net: [10], chty: [3] }, ma: 'PT1H' })).rsc).toBe(4000);
    });
  });
}
