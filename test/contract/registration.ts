import { describe, expect, it } from 'vitest';
import { ae, Caller, type Subject, unique } from './caller.ts';

/** AE registration, names and the attribute tables. */
export function registrationContract(subject: () => Subject): void {
  const admin = () => new Caller(subject(), subject().admin);
  const base = () => subject().base;

  describe('AE registration (TS-0001 10.2.2.2, TS-0004 7.4.5.2.1)', () => {
    it.each(['C', 'S'])('the originator %s has an AE-ID of that stem assigned', async (stem) => {
      const { rsc, body } = await admin()
        .as(stem)
        .create(base(), 2, ae(unique('ae')));
      expect(rsc).toBe(2001);
      expect(body['m2m:ae'].aei).toMatch(new RegExp(`^${stem}\\w{10}$`));
      expect(body['m2m:ae'].ri).toBe(body['m2m:ae'].aei);
    });

    it.each(['C', 'S'])('a whole AE-ID that begins with %s is taken as it is, also as resource ID', async (stem) => {
      const id = `${stem}${unique('id')}`;
      const { rsc, body } = await admin()
        .as(id)
        .create(base(), 2, ae(unique('ae')));
      expect([rsc, body['m2m:ae'].aei, body['m2m:ae'].ri]).toEqual([2001, id, id]);
    });

    it.each(['name', 'Xname', 'c'])('the originator %s is 403/4107', async (originator) => {
      const answer = await admin()
        .as(originator)
        .create(base(), 2, ae(unique('ae')));
      expect([answer.status, answer.rsc]).toEqual([403, 4107]);
    });

    it.each(['Cimei:1', 'Curn:imei:1', 'Ca%3Ab', 'Ca+b', 'Ca@b', 'Ca b', 'Ca*b', 'Ca?b', "Ca'b", 'Ca,b', 'Ca#b'])(
      'the AE-ID %s has letters that no identifier may have: 4000',
      async (originator) => {
        const answer = await admin()
          .as(originator)
          .create(base(), 2, ae(unique('ae')));
        expect([answer.status, answer.rsc]).toEqual([400, 4000]);
      },
    );

    it.each(['.', '_', '-', '~'])('an AE-ID may have %s and 200 characters', async (letter) => {
      const id = `C${unique('id')}${letter}b`.padEnd(200, 'x');
      expect(
        (
          await admin()
            .as(id)
            .create(base(), 2, ae(unique('ae')))
        ).rsc,
      ).toBe(2001);
    });

    it('an SP-relative AE-ID of this CSE registers its short form', async () => {
      const id = `C${unique('id')}`;
      const { rsc, body } = await admin()
        .as(`${subject().cseId}/${id}`)
        .create(base(), 2, ae(unique('ae')));
      expect([rsc, body['m2m:ae'].ri]).toEqual([2001, id]);
      expect((await admin().as(id).retrieve(id)).rsc).toBe(2000);
    });

    it('an AE-ID that is registered is 403/4117, under whatever name', async () => {
      const { caller } = await admin().application();
      const answer = await caller.create(base(), 2, ae(unique('ae')));
      expect([answer.status, answer.rsc]).toEqual([403, 4117]);
    });

    it('a resourceName that is taken is 409/4105', async () => {
      const { path } = await admin().application();
      const answer = await admin()
        .as(`C${unique('id')}`)
        .create(base(), 2, ae(path.split('/')[1]));
      expect([answer.status, answer.rsc]).toEqual([409, 4105]);
    });

    it('an AE-ID refused with 4105 stays taken: 4117, and there is nothing to delete (a fault of ACME)', async () => {
      const { path } = await admin().application();
      const id = `C${unique('leak')}`;
      await admin()
        .as(id)
        .create(base(), 2, ae(path.split('/')[1]));
      expect(
        (
          await admin()
            .as(id)
            .create(base(), 2, ae(unique('ae')))
        ).rsc,
      ).toBe(4117);
      expect((await admin().delete(id)).rsc).toBe(4004);
    });

    it('an AE-ID refused with 4000 or 4108 is free again', async () => {
      const { path } = await admin().application();
      const id = `C${unique('free')}`;
      const caller = admin().as(id);
      expect((await caller.create(base(), 2, { rn: unique('ae') })).rsc).toBe(4000);
      expect((await caller.create(path, 2, ae(unique('ae')))).rsc).toBe(4108);
      expect((await caller.create(base(), 2, ae(unique('ae')))).rsc).toBe(2001);
    });

    it('an AE that is deleted may register again at once', async () => {
      const { caller, path } = await admin().application();
      expect((await caller.delete(path)).rsc).toBe(2002);
      expect((await caller.create(base(), 2, ae(path.split('/')[1]))).rsc).toBe(2001);
    });

    it('of eight parallel CREATEs of one AE one is 2001 and seven are 4117', async () => {
      const id = unique('many');
      const answers = await Promise.all(
        Array.from({ length: 8 }, () => admin().as(`C${id}`).create(base(), 2, ae(id))),
      );
      expect(answers.map(({ rsc }) => rsc).sort()).toEqual([2001, ...Array(7).fill(4117)]);
    });

    it.each(['api', 'rr', 'srv'])('an AE without %s is 4000 (TS-0004 7.4.5)', async (name) => {
      const { [name]: _, ...rest } = { ...ae(unique('ae')) };
      expect(
        (
          await admin()
            .as(`C${unique('id')}`)
            .create(base(), 2, rest)
        ).rsc,
      ).toBe(4000);
    });

    it.each([
      ['Nx', 2001],
      ['N', 4000],
      ['R', 4000],
      ['Ra.b', 4000],
      ['Ra.b.c', 2001],
      ['ra.b.c', 2001],
      ['x', 4000],
      ['xyz', 4000],
    ])('the App-ID %s is %i (TS-0001 table 7.2-1)', async (api, rsc) => {
      const answer = await admin()
        .as(`C${unique('id')}`)
        .create(base(), 2, { ...ae(unique('ae')), api });
      expect(answer.rsc).toBe(rsc);
    });

    it.each([{ aei: 'Cx' }, { foo: 1 }, { ri: 'x' }, { ct: '20300101T000000' }, { rr: 1 }, { srv: '3' }, { poa: [] }])(
      '%j in an AE is 4000 (TS-0004 7.4.5)',
      async (attributes) => {
        const answer = await admin()
          .as(`C${unique('id')}`)
          .create(base(), 2, { ...ae(unique('ae')), ...attributes });
        expect([answer.status, answer.rsc]).toEqual([400, 4000]);
      },
    );

    it('an AE has the universal attributes (TS-0004 7.4.1.1)', async () => {
      const rn = unique('ae');
      const made = (
        await admin()
          .as(`C${rn}`)
          .create(base(), 2, { ...ae(rn), apn: 'urn:x', lbl: ['a:b'] })
      ).body['m2m:ae'];
      expect(made).toMatchObject({ rn, pi: subject().cseId.slice(1), ty: 2, apn: 'urn:x', lbl: ['a:b'], rr: false });
      expect(made.ct).toMatch(/^\d{8}T\d{6},\d{6}$/);
      expect([made.lt, made.et > made.ct]).toEqual([made.ct, true]);
    });

    it('api and aei cannot be updated, rr not removed, apn removed by null (TS-0004 7.4.5)', async () => {
      const { caller, path } = await admin().application({ apn: 'x' });
      expect((await caller.update(path, 2, { api: 'Nother' })).rsc).toBe(4000);
      expect((await caller.update(path, 2, { aei: 'Cother' })).rsc).toBe(4000);
      expect((await caller.update(path, 2, { rr: null })).rsc).toBe(4000);
      const changed = await caller.update(path, 2, { apn: null, rr: true });
      expect([changed.rsc, changed.body['m2m:ae'].apn, changed.body['m2m:ae'].rr]).toEqual([2004, undefined, true]);
    });

    it('an UPDATE changes lastModifiedTime and nothing else besides (TS-0004 7.3.3.9)', async () => {
      const { caller, path } = await admin().application();
      const before = (await caller.retrieve(path)).body['m2m:ae'];
      const { lt, ...after } = (await caller.update(path, 2, { lbl: ['x'] })).body['m2m:ae'];
      const { lt: old, ...rest } = before;
      expect(after).toEqual({ ...rest, lbl: ['x'] });
      expect(lt > old).toBe(true);
    });
  });

  describe('resource names (TS-0004 6.2.4)', () => {
    it.each(['a:b', 'urn:imei:1', 'a/b', 'a b', 'a%3Ab', 'a+b', 'a@b', 'a*b', ''])(
      'the name "%s" is 4000',
      async (rn) => {
        const { caller, path } = await admin().application();
        const answer = await caller.create(path, 3, { rn });
        expect([answer.status, answer.rsc]).toEqual([400, 4000]);
      },
    );

    it.each(['a.b', 'a_b', 'a~b', 'a-b', '1_0', 'ä', 'la', 'ol', 'fopt', 'x'.repeat(1000)])(
      'the name %s is 2001',
      async (rn) => {
        const { caller, path } = await admin().application();
        expect((await caller.create(path, 3, { rn })).rsc).toBe(2001);
      },
    );

    it('without a name the CSE makes one of the type and ten letters', async () => {
      const { caller, path } = await admin().application();
      const made = (await caller.create(path, 3, {})).body['m2m:cnt'];
      expect(made.rn).toMatch(/^cnt_\w{10}$/);
      expect(made.ri).toMatch(/^cnt\w{10}$/);
    });

    it('a name that a sibling has is 409/4105, elsewhere it is free', async () => {
      const { caller, path } = await admin().application();
      await caller.create(path, 3, { rn: 'same' });
      const answer = await caller.create(path, 3, { rn: 'same' });
      expect([answer.status, answer.rsc]).toEqual([409, 4105]);
      expect((await caller.create(`${path}/same`, 3, { rn: 'same' })).rsc).toBe(2001);
    });

    it('la and ol are taken in a container: 4105', async () => {
      const { caller, path } = await admin().application();
      await caller.create(path, 3, { rn: 'c' });
      expect((await caller.create(`${path}/c`, 3, { rn: 'la' })).rsc).toBe(4105);
    });
  });

  describe('parents (TS-0001 9.6)', () => {
    it.each([
      [2, ae(), 4108],
      [14, { ni: 'x' }, 4108],
      [4, { con: 'x' }, 4108],
    ])('a resource of type %i below an AE is refused', async (ty, attributes, rsc) => {
      const { caller, path } = await admin().application();
      const answer = await caller.as(ty === 2 ? `C${unique('id')}` : caller.originator).create(path, ty, attributes);
      expect([answer.status, answer.rsc]).toEqual([403, rsc]);
    });

    it('an ordinary AE creates no container at the CSEBase: 4103 (as ACME)', async () => {
      const { caller } = await admin().application();
      expect((await caller.create(base(), 3, { rn: unique() })).rsc).toBe(4103);
    });

    it('a contentInstance is no target of a subscription: 5203', async () => {
      const { caller, path } = await admin().application();
      await caller.create(path, 3, { rn: 'c' });
      await caller.create(`${path}/c`, 4, { rn: 'i', con: '1' });
      const answer = await caller.create(`${path}/c/i`, 23, { nu: ['http://127.0.0.1:9'] });
      expect([answer.status, answer.rsc]).toEqual([403, 5203]);
    });
  });

  describe('labels and creator (TS-0004 7.4.1.1)', () => {
    it('labels with colon, slash, blank, = and other scripts come back as they were', async () => {
      const { caller, path } = await admin().application();
      const lbl = ['LWM2MURI:/3/0', 'LWM2M Client: 1.0', 'a=b', 'größe', 'twice', 'twice'];
      expect((await caller.create(path, 3, { rn: 'c', lbl })).body['m2m:cnt'].lbl).toEqual(lbl);
    });

    it.each([[[]], [['']], [['a\tb']], [['a\nb']], [['a  b']], ['a'], [[1]]])('the labels %j are 4000', async (lbl) => {
      const { caller, path } = await admin().application();
      expect((await caller.create(path, 3, { lbl })).rsc).toBe(4000);
    });

    it('labels are removed by null', async () => {
      const { caller, path } = await admin().application({ lbl: ['a'] });
      expect((await caller.update(path, 2, { lbl: null })).body['m2m:ae'].lbl).toBeUndefined();
    });

    it('cr is filled in when it is asked for by null, refused with a value, unknown to an AE', async () => {
      const { caller, path, aei } = await admin().application();
      expect((await caller.create(path, 3, { cr: null })).body['m2m:cnt'].cr).toBe(aei);
      expect((await caller.create(path, 3, {})).body['m2m:cnt'].cr).toBeUndefined();
      expect((await caller.create(path, 3, { cr: aei })).rsc).toBe(4000);
      const answer = await admin()
        .as(`C${unique('id')}`)
        .create(base(), 2, { ...ae(), cr: null });
      expect(answer.rsc).toBe(4000);
    });
  });
}
