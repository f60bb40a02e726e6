import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { ae, Caller, fromNow, type Subject, unique } from './caller.ts';
import { Listener } from './listener.ts';

/** Subscriptions, notifications, groups. */
export function subscriptionsContract(subject: () => Subject): void {
  const admin = () => new Caller(subject(), subject().admin);
  const base = () => subject().base;
  let listener: Listener;

  beforeAll(async () => {
    listener = await Listener.start();
  });
  beforeEach(() => listener.clear());
  afterAll(() => listener.stop());

  /** An AE with a container that a subscription watches. */
  async function watched(attributes: Record<string, unknown>, at = '/c') {
    const { caller, path, aei } = await admin().application();
    await caller.create(path, 3, { rn: 'c' });
    const answer = await caller.create(path + at, 23, { rn: 's', nu: [listener.url], ...attributes });
    return { caller, path, aei, cnt: `${path}/c`, answer };
  }

  const arrived = (count: number) => listener.until(() => listener.notifications.length >= count);

  describe('subscriptions (TS-0001 9.6.8, TS-0004 7.4.8)', () => {
    it('ask their target first, with sur and creator', async () => {
      const { answer, aei } = await watched({ enc: { net: [3] } });
      const sub = answer.body['m2m:sub'];
      expect([answer.rsc, sub.enc, sub.nct, sub.nu]).toEqual([2001, { net: [3] }, 1, [listener.url]]);
      const [asked] = listener.arrivals;
      expect(asked?.body).toEqual({ 'm2m:sgn': { vrq: true, sur: `${subject().cseId}/${sub.ri}`, cr: aei } });
      expect(asked?.headers).toMatchObject({ 'x-m2m-origin': subject().cseId, 'content-type': 'application/json' });
    });

    it('whose target is away are 500/5204 and not created', async () => {
      const { caller, path } = await admin().application();
      const answer = await caller.create(path, 23, { rn: 's', nu: ['http://127.0.0.1:9/'] });
      expect([answer.status, answer.rsc]).toEqual([500, 5204]);
      expect((await caller.retrieve(`${path}/s`)).rsc).toBe(4004);
    });

    it('the answer of a plain URL does not count', async () => {
      listener.reply = () => ({ status: 403, rsc: 4103 });
      const { answer } = await watched({});
      expect(answer.rsc).toBe(2001);
    });

    it('the answer of an AE counts', async () => {
      const target = await admin().application({ rr: true, poa: [listener.url] });
      listener.reply = () => ({ status: 403, rsc: 4103 });
      expect((await watched({ nu: [target.aei] })).answer.rsc).toBe(5204);
      listener.reply = () => undefined;
      expect((await watched({ nu: [target.aei] })).answer.rsc).toBe(2001);
    });

    it('an AE that is not reachable, or without a point of access, is 5204 for another, 2001 for itself', async () => {
      const deaf = await admin().application();
      expect((await watched({ nu: [deaf.aei] })).answer.rsc).toBe(5204);
      expect((await deaf.caller.create(deaf.path, 23, { nu: [deaf.aei] })).rsc).toBe(2001);
      expect(listener.arrivals).toEqual([]);
    });

    it('nobody but who may CREATE there subscribes: 4103', async () => {
      const { caller } = await admin().application();
      const owner = await admin().application();
      expect((await caller.create(owner.path, 23, { nu: [listener.url] })).rsc).toBe(4103);
    });

    it.each([
      [{ nu: [] }],
      [{ nu: undefined }],
      [{ enc: { net: [99] } }],
      [{ enc: { net: [3] }, nct: 2 }],
      [{ enc: { foo: 1 } }],
      [{ enc: { net: [3], chty: [2] } }],
      [{ enc: { net: [1, 7] } }],
      [{ nct: 9 }],
    ])('%j is 4000', async (attributes) => {
      expect((await watched(attributes)).answer.rsc).toBe(4000);
    });

    it('without enc wait for updates', async () => {
      expect((await watched({})).answer.body['m2m:sub']).toMatchObject({ enc: { net: [1] }, nct: 1 });
    });

    it('may be changed: enc, nct and nu, whose new targets are asked', async () => {
      const { caller, cnt } = await watched({ enc: { net: [3] } });
      const other = await Listener.start();
      const answer = await caller.update(`${cnt}/s`, 23, { nu: [listener.url, other.url], enc: { net: [1] } });
      expect([answer.rsc, other.arrivals.length]).toEqual([2004, 1]);
      await other.stop();
    });
  });

  describe('notifications (TS-0004 7.5.1.2)', () => {
    it('net 3: the new child, with sur, from the CSE', async () => {
      const { caller, cnt, answer } = await watched({ enc: { net: [3] } });
      await caller.create(cnt, 4, { con: 'hello' });
      await arrived(1);
      const [sgn] = listener.notifications;
      expect(sgn).toMatchObject({ nev: { net: 3, rep: { 'm2m:cin': { con: 'hello' } } } });
      expect(sgn.sur).toBe(`${subject().cseId}/${answer.body['m2m:sub'].ri}`);
      expect(listener.arrivals.at(-1)?.headers['x-m2m-origin']).toBe(subject().cseId);
    });

    it('net 3 with chty: only children of these types; own creation is not told', async () => {
      const { caller, cnt } = await watched({ enc: { net: [3], chty: [3] } });
      await caller.create(cnt, 4, { con: '1' });
      await caller.create(cnt, 3, { rn: 'child' });
      await arrived(1);
      expect(listener.notifications.map(({ nev }) => Object.keys(nev.rep))).toEqual([['m2m:cnt']]);
    });

    it('nct 3: the resource ID alone', async () => {
      const { caller, cnt } = await watched({ enc: { net: [3] }, nct: 3 });
      const { ri } = (await caller.create(cnt, 4, { con: '1' })).body['m2m:cin'];
      await arrived(1);
      expect(listener.notifications[0].nev.rep).toEqual({ 'm2m:uri': ri });
    });

    it('net 1: the updated resource; an instance below it is no update', async () => {
      const { caller, cnt } = await watched({});
      await caller.create(cnt, 4, { con: '1' });
      await caller.update(cnt, 3, { lbl: ['changed'] });
      await arrived(1);
      expect(listener.notifications.length).toBe(1);
      expect(listener.notifications[0].nev).toMatchObject({
        net: 1,
        rep: { 'm2m:cnt': { lbl: ['changed'], rn: 'c' } },
      });
    });

    it('net 1, nct 2: what was changed and lastModifiedTime', async () => {
      const { caller, cnt } = await watched({ nct: 2 });
      await caller.update(cnt, 3, { lbl: ['changed'] });
      await arrived(1);
      const rep = listener.notifications[0].nev.rep['m2m:cnt'];
      expect(rep.lbl).toEqual(['changed']);
      expect([typeof rep.lt, rep.rn]).toEqual(['string', undefined]);
    });

    it('net 1 with atr: only when one of these attributes is changed', async () => {
      const { caller, cnt } = await watched({ enc: { net: [1], atr: ['mni'] } });
      await caller.update(cnt, 3, { lbl: ['changed'] });
      await caller.update(cnt, 3, { mni: 3 });
      await arrived(1);
      expect(listener.notifications.map(({ nev }) => nev.rep['m2m:cnt'].mni)).toEqual([3]);
    });

    it('net 2: the resource that goes', async () => {
      const { caller, cnt } = await watched({ enc: { net: [2] } });
      await caller.delete(cnt);
      await arrived(1);
      expect(listener.notifications[0].nev).toMatchObject({ net: 2, rep: { 'm2m:cnt': { rn: 'c' } } });
    });

    it('net 4: the child that goes, also by expiry', async () => {
      const { caller, cnt } = await watched({ enc: { net: [4] } });
      await caller.create(cnt, 3, { rn: 'a' });
      await caller.create(cnt, 3, { rn: 'b', et: fromNow(1_000) });
      await caller.delete(`${cnt}/a`);
      await arrived(2);
      const names = listener.notifications.map(({ nev }) => [nev.net, nev.rep['m2m:cnt'].rn]);
      expect(names).toEqual([
        [4, 'a'],
        [4, 'b'],
      ]);
    });

    it('instances that mni pushes out are not told by net 4', async () => {
      const { caller, cnt } = await watched({ enc: { net: [4] } });
      await caller.update(cnt, 3, { mni: 1 });
      await caller.create(cnt, 4, { con: '1' });
      await caller.create(cnt, 4, { con: '2' });
      await caller.create(cnt, 3, { rn: 'last' });
      await caller.delete(`${cnt}/last`);
      await arrived(1);
      expect(listener.notifications.map(({ nev }) => Object.keys(nev.rep))).toEqual([['m2m:cnt']]);
    });

    it('net 3 and 4 with chty 23: other subscriptions that come and go', async () => {
      const { caller, cnt } = await watched({ enc: { net: [3, 4], chty: [23] } });
      const quiet = await Listener.start();
      await caller.create(cnt, 23, { rn: 'theirs', nu: [quiet.url] });
      await arrived(1);
      await caller.delete(`${cnt}/theirs`);
      await arrived(2);
      expect(listener.notifications.map(({ nev }) => [nev.net, nev.rep['m2m:sub'].rn])).toEqual([
        [3, 'theirs'],
        [4, 'theirs'],
      ]);
      await quiet.stop();
    });

    it('a subscription that goes tells its su', async () => {
      const { caller, cnt, answer } = await watched({ su: `${listener.url}/gone` });
      await caller.delete(`${cnt}/s`);
      await arrived(1);
      const sur = `${subject().cseId}/${answer.body['m2m:sub'].ri}`;
      expect(listener.notifications[0]).toMatchObject({ sud: true, sur });
      expect(listener.arrivals.at(-1)?.path).toBe('/gone');
    });

    it('carry the creator where the subscription has it', async () => {
      const { caller, cnt, aei } = await watched({ enc: { net: [3] }, cr: null });
      await caller.create(cnt, 4, { con: '1' });
      await arrived(1);
      expect(listener.notifications[0].cr).toBe(aei);
    });

    it('exc counts them and removes the subscription', async () => {
      const { caller, cnt } = await watched({ enc: { net: [3] }, exc: 2 });
      await caller.create(cnt, 4, { con: '1' });
      await arrived(1);
      expect((await caller.retrieve(`${cnt}/s`)).body['m2m:sub'].exc).toBe(1);
      await caller.create(cnt, 4, { con: '2' });
      await arrived(2);
      expect((await caller.retrieve(`${cnt}/s`)).rsc).toBe(4004);
    });

    it('for an AE-ID go to <poa>/<AE-ID>, in SP-relative form to <poa>/~/<CSE-ID>/<AE-ID>, with its highest release', async () => {
      const target = await admin().application({ rr: true, poa: [`${listener.url}/n`] });
      const { cseId } = subject();
      const { caller, cnt } = await watched({ nu: [target.aei, `${cseId}/${target.aei}`], enc: { net: [3] } });
      listener.clear();
      await caller.create(cnt, 4, { con: '1' });
      await arrived(2);
      const paths = listener.arrivals.map(({ path }) => path);
      expect(paths.sort()).toEqual([`/n/${target.aei}`, `/n/~${cseId}/${target.aei}`]);
      expect(listener.arrivals.map(({ headers }) => headers['x-m2m-rvi'])).toEqual(['3', '3']);
    });

    it('go to every point of access', async () => {
      const target = await admin().application({ rr: true, poa: [`${listener.url}/a`, `${listener.url}/b`] });
      const { caller, cnt } = await watched({ nu: [target.aei], enc: { net: [3] } });
      listener.clear();
      await caller.create(cnt, 4, { con: '1' });
      await arrived(2);
      expect(listener.arrivals.map(({ path }) => path)).toEqual([`/a/${target.aei}`, `/b/${target.aei}`]);
    });

    it('are tried once; the subscription stays', async () => {
      const { caller, cnt } = await watched({ enc: { net: [3] } });
      listener.reply = () => ({ drop: true });
      await caller.create(cnt, 4, { con: '1' });
      await arrived(1);
      listener.reply = () => undefined;
      await caller.create(cnt, 4, { con: '2' });
      await arrived(2);
      expect(listener.notifications.map(({ nev }) => nev.rep['m2m:cin'].con)).toEqual(['1', '2']);
    });

    it('do not make who causes them wait', async () => {
      const { caller, cnt } = await watched({ enc: { net: [3] } });
      listener.reply = () => ({ silent: true });
      const begun = performance.now();
      await caller.create(cnt, 4, { con: '1' });
      expect(performance.now() - begun).toBeLessThan(2_000);
    });
  });

  describe('groups (TS-0001 9.6.13, TS-0004 7.4.13 and 7.4.14)', () => {
    async function members(count: number) {
      const { caller, path } = await admin().application();
      const mid: string[] = [];
      for (let i = 0; i < count; i++) mid.push((await caller.create(path, 3, { rn: `m${i}` })).body['m2m:cnt'].ri);
      return { caller, path, mid };
    }

    it('hold members by resource ID and count them', async () => {
      const { caller, path, mid } = await members(2);
      const given = [`${path}/m0`, `${subject().cseId}/${mid[1]}`, mid[0]];
      const made = await caller.create(path, 9, { rn: 'g', mnm: 5, mt: 3, mid: given });
      expect(made.body['m2m:grp']).toMatchObject({ mid, cnm: 2, mt: 3, mtv: true, mnm: 5, csy: 1 });
    });

    it('leave out members of another type, refuse one that is missing (4004) and too many (400/6010)', async () => {
      const { caller, path, mid } = await members(2);
      const mixed = await caller.create(path, 9, { mnm: 5, mt: 3, mid: [mid[0], caller.originator] });
      expect(mixed.body['m2m:grp'].mid).toEqual([mid[0]]);
      expect((await caller.create(path, 9, { mnm: 5, mid: ['nothing'] })).rsc).toBe(4004);
      const many = await caller.create(path, 9, { mnm: 1, mid });
      expect([many.status, many.rsc]).toEqual([400, 6010]);
      expect((await caller.create(path, 9, { mid })).rsc).toBe(4000);
    });

    it('UPDATE through fopt answers 2000 with each member’s answer', async () => {
      const { caller, path, mid } = await members(3);
      await caller.create(path, 9, { rn: 'g', mnm: 5, mt: 3, mid });
      const answer = await caller.update(`${path}/g/fopt`, 3, { lbl: ['all'] });
      const rsp = answer.body['m2m:agr']['m2m:rsp'];
      expect([answer.status, answer.rsc, rsp.length]).toEqual([200, 2000, 3]);
      expect(rsp[0]).toMatchObject({ rsc: 2004, rvi: '3', pc: { 'm2m:cnt': { lbl: ['all'], rn: 'm0' } } });
      expect((await caller.retrieve(`${path}/m2`)).body['m2m:cnt'].lbl).toEqual(['all']);
    });

    it('CREATE, RETRIEVE and DELETE go through fopt, also to what is below the members', async () => {
      const { caller, path, mid } = await members(2);
      await caller.create(path, 9, { rn: 'g', mnm: 5, mid });
      expect((await caller.create(`${path}/g/fopt`, 4, { con: '1' })).body['m2m:agr']['m2m:rsp'][1].rsc).toBe(2001);
      const latest = (await caller.retrieve(`${path}/g/fopt/la`)).body['m2m:agr']['m2m:rsp'];
      expect(latest.map((each: { pc: Record<string, { con: string }> }) => each.pc['m2m:cin']?.con)).toEqual([
        '1',
        '1',
      ]);
      expect((await caller.delete(`${path}/g/fopt`)).rsc).toBe(2000);
      expect((await caller.retrieve(`${path}/m0`)).rsc).toBe(4004);
    });

    it('the first member that refuses ends it with its code; what was done stays', async () => {
      const { caller, path, mid } = await members(3);
      await caller.create(path, 9, { rn: 'g', mnm: 5, mid });
      await caller.create(`${path}/m0`, 4, { con: '1' });
      expect((await caller.retrieve(`${path}/g/fopt/la`)).rsc).toBe(4004);
      await caller.create(`${path}/m1`, 3, { rn: 'x' });
      expect((await caller.create(`${path}/g/fopt`, 3, { rn: 'x' })).rsc).toBe(4105);
      expect((await caller.retrieve(`${path}/m0/x`)).rsc).toBe(2000);
      expect((await caller.retrieve(`${path}/m2/x`)).rsc).toBe(4004);
    });

    it('a member that is deleted leaves its groups', async () => {
      const { caller, path, mid } = await members(2);
      await caller.create(path, 9, { rn: 'g', mnm: 5, mid });
      await caller.delete(`${path}/m0`);
      let group = (await caller.retrieve(`${path}/g`)).body['m2m:grp'];
      for (let tries = 0; tries < 200 && group.cnm !== 1; tries++) {
        await new Promise((resolve) => setTimeout(resolve, 50));
        group = (await caller.retrieve(`${path}/g`)).body['m2m:grp'];
      }
      expect([group.mid, group.cnm]).toEqual([[mid[1]], 1]);
    });

    it('is an AE’s own below it, at the CSEBase it is 4103 (as ACME)', async () => {
      const { caller, mid } = await members(1);
      expect((await caller.create(base(), 9, { mnm: 5, mid })).rsc).toBe(4103);
    });
  });

  it('a NOTIFY without a notification in it is 4000 (TS-0004 7.3.4.2)', async () => {
    expect((await admin().send('POST', base(), { body: { 'm2m:ae': ae(unique('ae')) } })).rsc).toBe(4000);
  });
}
