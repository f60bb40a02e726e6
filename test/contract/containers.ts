import { describe, expect, it } from 'vitest';
import { Caller, fromNow, type Subject } from './caller.ts';

/** Containers, their instances, and how long resources live. */
export function containersContract(subject: () => Subject): void {
  const admin = () => new Caller(subject(), subject().admin);

  async function container(attributes = {}): Promise<{ caller: Caller; path: string; cnt: string }> {
    const { caller, path } = await admin().application();
    const answer = await caller.create(path, 3, { rn: 'c', ...attributes });
    if (answer.rsc !== 2001) throw new Error(JSON.stringify(answer.body));
    return { caller, path, cnt: `${path}/c` };
  }

  describe('containers (TS-0001 9.6.6, TS-0004 7.4.6)', () => {
    it('count their instances, the bytes, and their changes', async () => {
      const { caller, cnt } = await container();
      expect((await caller.retrieve(cnt)).body['m2m:cnt']).toMatchObject({ cni: 0, cbs: 0, st: 0 });
      await caller.create(cnt, 4, { con: 'abc' });
      const made = (await caller.create(cnt, 4, { con: 'de' })).body['m2m:cin'];
      expect([made.st, made.cs, made.con]).toEqual([2, 2, 'de']);
      expect((await caller.retrieve(cnt)).body['m2m:cnt']).toMatchObject({ cni: 2, cbs: 5, st: 2 });
      await caller.update(cnt, 3, { lbl: ['x'] });
      expect((await caller.retrieve(cnt)).body['m2m:cnt']).toMatchObject({ cni: 2, st: 3 });
    });

    it('beyond mni the oldest instance goes', async () => {
      const { caller, cnt } = await container({ mni: 3 });
      for (const con of ['1', '2', '3', '4', '5']) await caller.create(cnt, 4, { con });
      expect((await caller.retrieve(`${cnt}/ol`)).body['m2m:cin'].con).toBe('3');
      expect((await caller.retrieve(`${cnt}/la`)).body['m2m:cin'].con).toBe('5');
      expect((await caller.retrieve(cnt)).body['m2m:cnt']).toMatchObject({ cni: 3, cbs: 3, mni: 3 });
    });

    it('a lower mni takes the oldest instances at once', async () => {
      const { caller, cnt } = await container();
      for (const con of ['1', '2', '3']) await caller.create(cnt, 4, { con });
      await caller.update(cnt, 3, { mni: 1 });
      expect((await caller.retrieve(cnt)).body['m2m:cnt'].cni).toBe(1);
      expect((await caller.retrieve(`${cnt}/ol`)).body['m2m:cin'].con).toBe('3');
    });

    it('beyond mbs the oldest instance goes, one that is larger alone is 406/5207', async () => {
      const { caller, cnt } = await container({ mbs: 5 });
      for (const con of ['aaa', 'bb', 'cc']) await caller.create(cnt, 4, { con });
      expect((await caller.retrieve(`${cnt}/ol`)).body['m2m:cin'].con).toBe('bb');
      const answer = await caller.create(cnt, 4, { con: 'dddddd' });
      expect([answer.status, answer.rsc]).toEqual([406, 5207]);
    });

    it('with mni 0 an instance is created and not kept', async () => {
      const { caller, cnt } = await container({ mni: 0 });
      expect((await caller.create(cnt, 4, { con: 'x' })).rsc).toBe(2001);
      expect((await caller.retrieve(`${cnt}/la`)).rsc).toBe(4004);
    });

    it('la and ol of an empty container are 404/4004, neither is updated: 405/4005', async () => {
      const { caller, cnt } = await container();
      for (const name of ['la', 'ol']) {
        const answer = await caller.retrieve(`${cnt}/${name}`);
        expect([answer.status, answer.rsc]).toEqual([404, 4004]);
        const update = await caller.update(`${cnt}/${name}`, 4, { lbl: ['x'] });
        expect([update.status, update.rsc]).toEqual([405, 4005]);
      }
    });

    it('DELETE of la takes the latest instance', async () => {
      const { caller, cnt } = await container();
      for (const con of ['1', '2']) await caller.create(cnt, 4, { con });
      expect((await caller.delete(`${cnt}/la`)).rsc).toBe(2002);
      expect((await caller.retrieve(`${cnt}/la`)).body['m2m:cin'].con).toBe('1');
    });

    it('nothing is created in la: 4005', async () => {
      const { caller, cnt } = await container();
      expect((await caller.create(`${cnt}/la`, 4, { con: '1' })).rsc).toBe(4005);
    });

    it.each([{ cni: 1 }, { st: 1 }, { mni: -1 }, { mni: '3' }, { foo: 1 }, { aei: 'C' }])(
      '%j is 4000',
      async (attributes) => {
        const { caller, path } = await admin().application();
        expect((await caller.create(path, 3, attributes)).rsc).toBe(4000);
      },
    );

    it('ontologyRef and mni may be changed and removed', async () => {
      const { caller, cnt } = await container({ or: 'urn:oma:lwm2m:oma:3', mni: 5 });
      const changed = (await caller.update(cnt, 3, { or: 'urn:x', mni: null })).body['m2m:cnt'];
      expect([changed.or, changed.mni]).toEqual(['urn:x', undefined]);
    });

    it('of eight parallel CREATEs of one name one is 2001 and seven are 4105', async () => {
      const { caller, path } = await admin().application();
      const answers = await Promise.all(Array.from({ length: 8 }, () => caller.create(path, 3, { rn: 'one' })));
      expect(answers.map(({ rsc }) => rsc).sort()).toEqual([2001, ...Array(7).fill(4105)]);
    });
  });

  describe('contentInstances (TS-0001 9.6.7, TS-0004 7.4.7)', () => {
    it.each([['text'], [7], [1.5], [true], [{ a: [1, { b: 2 }] }], [['a', 1]], ['']])('con may be %j', async (con) => {
      const { caller, cnt } = await container();
      const answer = await caller.create(cnt, 4, { con });
      expect([answer.rsc, answer.body['m2m:cin'].con]).toEqual([2001, con]);
      expect((await caller.retrieve(`${cnt}/la`)).body['m2m:cin'].con).toEqual(con);
    });

    it('con may be absent', async () => {
      const { caller, cnt } = await container();
      expect((await caller.create(cnt, 4, { lbl: ['x'] })).rsc).toBe(2001);
    });

    it.each([
      ['text/plain:0', 2001],
      ['application/json:0:0', 2001],
      ['application/vnd.oma.lwm2m+tlv:2', 2001],
      ['text/plain', 4000],
      ['text/plain:9', 4000],
      ['text', 4000],
    ])('the contentInfo %s is %i (TS-0004 6.3.3)', async (cnf, rsc) => {
      const { caller, cnt } = await container();
      expect((await caller.create(cnt, 4, { cnf, con: 'x' })).rsc).toBe(rsc);
    });

    it('are never updated: 4005', async () => {
      const { caller, cnt } = await container();
      await caller.create(cnt, 4, { rn: 'i', con: '1' });
      expect((await caller.update(`${cnt}/i`, 4, { lbl: ['x'] })).rsc).toBe(4005);
    });

    it('have no policies of their own: acpi is 4000', async () => {
      const { caller, cnt } = await container();
      expect((await caller.create(cnt, 4, { con: '1', acpi: ['x'] })).rsc).toBe(4000);
    });

    it('one that is deleted no longer counts', async () => {
      const { caller, cnt } = await container();
      await caller.create(cnt, 4, { rn: 'i', con: 'abc' });
      await caller.delete(`${cnt}/i`);
      expect((await caller.retrieve(cnt)).body['m2m:cnt']).toMatchObject({ cni: 0, cbs: 0 });
    });

    it('creating one leaves the lastModifiedTime of its container', async () => {
      const { caller, cnt } = await container();
      const { lt } = (await caller.retrieve(cnt)).body['m2m:cnt'];
      await caller.create(cnt, 4, { con: '1' });
      expect((await caller.retrieve(cnt)).body['m2m:cnt'].lt).toBe(lt);
    });
  });

  describe('expirationTime (TS-0001 9.6.1.3, TS-0004 7.3.3.7)', () => {
    it('without et a child takes its parent’s', async () => {
      const et = fromNow(3_600_000);
      const { caller, path } = await admin().application({ et });
      expect((await caller.create(path, 3, {})).body['m2m:cnt'].et).toBe(et);
    });

    it('without et an AE lives five years, and no longer with a later one (as ACME)', async () => {
      const year = new Date().getUTCFullYear() + 5;
      const { caller, path } = await admin().application();
      expect((await caller.retrieve(path)).body['m2m:ae'].et.slice(0, 3)).toBe(String(year).slice(0, 3));
      const later = await caller.update(path, 2, { et: `${year + 20}0101T000000` });
      expect(Number(later.body['m2m:ae'].et.slice(0, 4))).toBeLessThanOrEqual(year);
    });

    it('a child’s et beyond its parent’s is cut without a word, at CREATE and at UPDATE', async () => {
      const et = fromNow(3_600_000);
      const { caller, path } = await admin().application({ et });
      const made = await caller.create(path, 3, { rn: 'c', et: fromNow(7_200_000) });
      expect([made.rsc, made.body['m2m:cnt'].et]).toEqual([2001, et]);
      const changed = await caller.update(`${path}/c`, 3, { et: fromNow(9_000_000) });
      expect([changed.rsc, changed.body['m2m:cnt'].et]).toEqual([2004, et]);
    });

    it('a longer or shorter et of the parent leaves the children’s', async () => {
      const et = fromNow(3_600_000);
      const { caller, path } = await admin().application({ et });
      await caller.create(path, 3, { rn: 'c' });
      for (const other of [fromNow(7_200_000), fromNow(600_000)]) {
        await caller.update(path, 2, { et: other });
        expect((await caller.retrieve(`${path}/c`)).body['m2m:cnt'].et).toBe(et);
      }
    });

    it('et null means the default again', async () => {
      const { caller, path } = await admin().application({ et: fromNow(3_600_000) });
      const changed = await caller.update(path, 2, { et: null });
      expect(changed.rsc).toBe(2004);
      expect(changed.body['m2m:ae'].et > fromNow(31_000_000_000)).toBe(true);
    });

    it('a fraction of a second is kept', async () => {
      const et = `${fromNow(3_600_000)},125000`;
      const { caller, path } = await admin().application({ et });
      expect((await caller.retrieve(path)).body['m2m:ae'].et).toBe(et);
    });

    it('a time that has passed is 4000, so is a number', async () => {
      const { caller, path } = await admin().application();
      expect((await caller.create(path, 3, { et: fromNow(-60_000) })).rsc).toBe(4000);
      expect((await caller.update(path, 2, { et: fromNow(-60_000) })).rsc).toBe(4000);
      expect((await caller.create(path, 3, { et: 7 })).rsc).toBe(4000);
      expect((await caller.create(path, 3, { et: 'tomorrow' })).rsc).toBe(4000);
    });

    it('what has expired goes with all below it, and its AE-ID is free', async () => {
      const { caller, path } = await admin().application();
      await caller.create(path, 3, { rn: 'c' });
      await caller.create(`${path}/c`, 4, { con: '1' });
      await caller.update(path, 2, { et: fromNow(1_000) });
      const deadline = Date.now() + 15_000;
      let rsc = 2000;
      while (rsc === 2000 && Date.now() < deadline) {
        await new Promise((resolve) => setTimeout(resolve, 100));
        rsc = (await admin().retrieve(`${path}/c`)).rsc;
      }
      expect(rsc).toBe(4004);
      expect((await admin().retrieve(path)).rsc).toBe(4004);
      const again = await caller.create(subject().base, 2, {
        rn: path.split('/')[1],
        api: 'Nx',
        rr: false,
        srv: ['3'],
      });
      expect(again.rsc).toBe(2001);
    });
  });

  describe('DELETE (TS-0004 7.3.3.12)', () => {
    it('takes everything below', async () => {
      const { caller, path, cnt } = await container();
      await caller.create(cnt, 3, { rn: 'd' });
      await caller.create(`${cnt}/d`, 4, { rn: 'i', con: '1' });
      expect((await caller.delete(path)).rsc).toBe(2002);
      for (const gone of [path, cnt, `${cnt}/d`, `${cnt}/d/i`]) expect((await admin().retrieve(gone)).rsc).toBe(4004);
    });

    it('of what is not there is 404/4004', async () => {
      const { caller, path } = await admin().application();
      const answer = await caller.delete(`${path}/nothing`);
      expect([answer.status, answer.rsc]).toEqual([404, 4004]);
    });
  });
}
