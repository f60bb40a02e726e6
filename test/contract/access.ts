import { describe, expect, it } from 'vitest';
import { ae, Caller, fromNow, type Subject, unique } from './caller.ts';

/** Who may do what: creators, custodians, policies. */
export function accessContract(subject: () => Subject): void {
  const admin = () => new Caller(subject(), subject().admin);
  const base = () => subject().base;

  interface Rule {
    acor: string[];
    acop: number;
    acod?: unknown;
  }

  async function policy(caller: Caller, rules: Rule[], self: Rule[] = []): Promise<string> {
    const pvs = { acr: [{ acor: [caller.originator ?? ''], acop: 63 }, ...self] };
    const answer = await caller.create(base(), 1, { rn: unique('acp'), pv: { acr: rules }, pvs });
    if (answer.rsc !== 2001) throw new Error(JSON.stringify(answer.body));
    return answer.body['m2m:acp'].ri as string;
  }

  const operations = async (caller: Caller, path: string) => ({
    retrieve: (await caller.retrieve(path)).rsc,
    update: (await caller.update(path, 3, { lbl: ['x'] })).rsc,
    create: (await caller.create(path, 4, { con: '1' })).rsc,
    delete: (await caller.delete(path)).rsc,
  });
  const NOTHING = { retrieve: 4103, update: 4103, create: 4103, delete: 4103 };

  describe('without policies (TS-0001 11.3.4)', () => {
    it('a foreign AE may do nothing', async () => {
      const owner = await admin().application();
      const other = await admin().application();
      await owner.caller.create(owner.path, 3, { rn: 'c' });
      expect(await operations(other.caller, `${owner.path}/c`)).toEqual(NOTHING);
      expect((await other.caller.delete(owner.path)).rsc).toBe(4103);
      expect((await other.caller.create(owner.path, 3, {})).rsc).toBe(4103);
    });

    it('creator and administrator may do everything', async () => {
      const { caller, path } = await admin().application();
      await caller.create(path, 3, { rn: 'c' });
      await admin().create(`${path}/c`, 4, { con: '1' });
      expect((await caller.retrieve(`${path}/c/la`)).rsc).toBe(2000);
      expect(await operations(admin(), `${path}/c`)).toEqual({
        retrieve: 2000,
        update: 2004,
        create: 2001,
        delete: 2002,
      });
    });

    it('the custodian may do everything, the creator no longer (as ACME)', async () => {
      const keeper = await admin().application();
      const { caller, path } = await admin().application();
      await caller.create(path, 3, { rn: 'c', cstn: keeper.aei });
      expect((await caller.retrieve(`${path}/c`)).rsc).toBe(4103);
      expect((await keeper.caller.retrieve(`${path}/c`)).rsc).toBe(2000);
      expect((await keeper.caller.delete(`${path}/c`)).rsc).toBe(2002);
    });

    it('a refusal is 403, and 4004 comes before 4103', async () => {
      const owner = await admin().application();
      const other = await admin().application();
      expect((await other.caller.retrieve(owner.path)).status).toBe(403);
      expect((await other.caller.retrieve(`${owner.path}/nothing`)).rsc).toBe(4004);
    });
  });

  describe('with policies (TS-0001 9.6.2, TS-0004 7.4.2)', () => {
    it('any AE may create one at the CSEBase and below itself', async () => {
      const { caller, path } = await admin().application();
      const ri = await policy(caller, []);
      expect((await caller.retrieve(ri)).body['m2m:acp'].pv).toEqual({ acr: [] });
      const own = await caller.create(path, 1, { pv: {}, pvs: { acr: [{ acor: ['x'], acop: 63 }] } });
      expect(own.rsc).toBe(2001);
    });

    it.each([
      [{ pv: {} }],
      [{ pv: {}, pvs: {} }],
      [{ pv: {}, pvs: { acr: [] } }],
      [{ pv: { acr: [{ acor: ['x'] }] }, pvs: { acr: [{ acor: ['x'], acop: 63 }] } }],
      [{ pv: { acr: [{ acop: 1 }] }, pvs: { acr: [{ acor: ['x'], acop: 63 }] } }],
      [{ pv: { foo: 1 }, pvs: { acr: [{ acor: ['x'], acop: 63 }] } }],
      [{ pvs: { acr: [{ acor: ['x'], acop: 63 }] } }],
    ])('%j is 4000', async (attributes) => {
      const { caller } = await admin().application();
      expect((await caller.create(base(), 1, attributes)).rsc).toBe(4000);
    });

    it('acpi at CREATE gives what it says, to its own creator too', async () => {
      const { caller, path } = await admin().application();
      const reader = await admin().application();
      const acpi = [await policy(caller, [{ acor: [reader.aei], acop: 34 }])];
      await caller.create(path, 3, { rn: 'c', acpi });
      expect((await reader.caller.retrieve(`${path}/c`)).rsc).toBe(2000);
      expect((await reader.caller.update(`${path}/c`, 3, { lbl: ['x'] })).rsc).toBe(4103);
      expect((await caller.retrieve(`${path}/c`)).rsc).toBe(4103);
    });

    it('all and wildcards name originators', async () => {
      const { caller, path } = await admin().application();
      const reader = await admin().application();
      const all = [await policy(caller, [{ acor: ['all'], acop: 2 }])];
      const some = [await policy(caller, [{ acor: [`${reader.aei.slice(0, 5)}*`], acop: 2 }])];
      const none = [await policy(caller, [{ acor: ['Cnobody*'], acop: 2 }])];
      await caller.create(path, 3, { rn: 'all', acpi: all });
      await caller.create(path, 3, { rn: 'some', acpi: some });
      await caller.create(path, 3, { rn: 'none', acpi: none });
      expect((await reader.caller.retrieve(`${path}/all`)).rsc).toBe(2000);
      expect((await reader.caller.retrieve(`${path}/some`)).rsc).toBe(2000);
      expect((await reader.caller.retrieve(`${path}/none`)).rsc).toBe(4103);
    });

    it('an originator in SP-relative form is the same originator, in acor only the short form counts', async () => {
      const { caller, path } = await admin().application();
      const reader = await admin().application();
      const long = `${subject().cseId}/${reader.aei}`;
      await caller.create(path, 3, { rn: 'short', acpi: [await policy(caller, [{ acor: [reader.aei], acop: 2 }])] });
      await caller.create(path, 3, { rn: 'long', acpi: [await policy(caller, [{ acor: [long], acop: 2 }])] });
      expect((await reader.caller.as(long).retrieve(`${path}/short`)).rsc).toBe(2000);
      expect((await reader.caller.retrieve(`${path}/long`)).rsc).toBe(4103);
    });

    it('a group in acor stands for its members', async () => {
      const { caller, path } = await admin().application();
      const acpi = [await policy(caller, [{ acor: [caller.originator ?? '', 'all'], acop: 63 }])];
      const reader = await admin().application({ acpi });
      const group = (await caller.create(path, 9, { mnm: 3, mid: [reader.aei], mt: 0 })).body['m2m:grp'].ri;
      await caller.create(path, 3, { rn: 'c', acpi: [await policy(caller, [{ acor: [group], acop: 2 }])] });
      expect((await reader.caller.retrieve(`${path}/c`)).rsc).toBe(2000);
    });

    it('several policies add up', async () => {
      const { caller, path } = await admin().application();
      const reader = await admin().application();
      const read = await policy(caller, [{ acor: [reader.aei], acop: 2 }]);
      const write = await policy(caller, [{ acor: [reader.aei], acop: 4 }]);
      await caller.create(path, 3, { rn: 'c', acpi: [read, write] });
      expect((await reader.caller.retrieve(`${path}/c`)).rsc).toBe(2000);
      expect((await reader.caller.update(`${path}/c`, 3, { lbl: ['x'] })).rsc).toBe(2004);
    });

    it('acod binds CREATE to types', async () => {
      const { caller, path } = await admin().application();
      const writer = await admin().application();
      const rule = { acor: [writer.aei], acod: [{ chty: [4] }], acop: 3 };
      await caller.create(path, 3, { rn: 'c', acpi: [await policy(caller, [rule])] });
      expect((await writer.caller.create(`${path}/c`, 4, { con: '1' })).rsc).toBe(2001);
      expect((await writer.caller.create(`${path}/c`, 3, {})).rsc).toBe(4103);
      expect((await writer.caller.retrieve(`${path}/c`)).rsc).toBe(2000);
    });

    it('children do not inherit the policies of an AE, instances follow their container', async () => {
      const { caller } = await admin().application();
      const reader = await admin().application();
      const acpi = [
        await policy(caller, [
          { acor: [reader.aei], acop: 2 },
          { acor: ['all'], acop: 61 },
        ]),
      ];
      const open = await admin().application({ acpi });
      await open.caller.create(open.path, 3, { rn: 'closed' });
      await open.caller.create(open.path, 3, { rn: 'open', acpi });
      await open.caller.create(`${open.path}/open`, 4, { rn: 'i', con: '1' });
      expect((await reader.caller.retrieve(open.path)).rsc).toBe(2000);
      expect((await reader.caller.retrieve(`${open.path}/closed`)).rsc).toBe(4103);
      for (const path of ['open', 'open/i', 'open/la', 'open/ol']) {
        expect((await reader.caller.retrieve(`${open.path}/${path}`)).rsc).toBe(2000);
      }
    });

    it('a policy itself is ruled by its pvs alone', async () => {
      const { caller } = await admin().application();
      const reader = await admin().application();
      const ri = await policy(caller, [{ acor: ['all'], acop: 63 }], [{ acor: [reader.aei], acop: 2 }]);
      expect((await reader.caller.retrieve(ri)).rsc).toBe(2000);
      expect((await reader.caller.update(ri, 1, { lbl: ['x'] })).rsc).toBe(4103);
      expect((await caller.update(ri, 1, { pv: { acr: [] } })).rsc).toBe(2004);
    });

    it('acpi is stored by resource ID, whatever form names the policy; an unknown one is 4000', async () => {
      const { caller, path } = await admin().application();
      const ri = await policy(caller, [{ acor: ['all'], acop: 63 }]);
      const { rn } = (await caller.retrieve(ri)).body['m2m:acp'];
      const forms = [ri, `${base()}/${rn}`, `${subject().cseId}/${ri}`, `${subject().cseId}/${base()}/${rn}`];
      for (const form of forms) {
        expect((await caller.create(path, 3, { acpi: [form] })).body['m2m:cnt'].acpi).toEqual([ri]);
      }
      expect((await caller.create(path, 3, { acpi: ['nothing'] })).rsc).toBe(4000);
      expect((await caller.create(path, 3, { acpi: [] })).rsc).toBe(4000);
    });

    it('a policy that is deleted leaves acpi', async () => {
      const { caller, path } = await admin().application();
      const ri = await policy(caller, [{ acor: ['all'], acop: 63 }]);
      await caller.create(path, 3, { rn: 'c', acpi: [ri] });
      await caller.delete(ri);
      expect((await caller.retrieve(`${path}/c`)).body['m2m:cnt'].acpi).toBeUndefined();
    });
  });

  describe('UPDATE of acpi (TS-0004 7.3.3.15)', () => {
    it('stands alone, else 4000', async () => {
      const { caller, path } = await admin().application();
      const acpi = [await policy(caller, [{ acor: ['all'], acop: 63 }])];
      expect((await caller.update(path, 2, { acpi, lbl: ['x'] })).rsc).toBe(4000);
      expect((await caller.update(path, 2, { acpi })).rsc).toBe(2004);
      expect((await caller.update(path, 2, { acpi: ['nothing'] })).rsc).toBe(4000);
    });

    it('is the creator’s while there are no policies, not even the administrator’s', async () => {
      const { caller, path } = await admin().application();
      const other = await admin().application();
      const acpi = [await policy(caller, [{ acor: ['all'], acop: 63 }])];
      expect((await other.caller.update(path, 2, { acpi })).rsc).toBe(4103);
      expect((await admin().update(path, 2, { acpi })).rsc).toBe(4103);
    });

    it('is for whom the self-privileges name, once there are policies', async () => {
      const { caller, path } = await admin().application();
      const other = await admin().application();
      const mine = await policy(caller, [{ acor: ['all'], acop: 63 }]);
      const next = await policy(caller, [{ acor: ['all'], acop: 2 }]);
      await caller.update(path, 2, { acpi: [mine] });
      expect((await other.caller.update(path, 2, { acpi: [next] })).rsc).toBe(4103);
      expect((await caller.update(path, 2, { acpi: null })).rsc).toBe(2004);
      expect((await caller.retrieve(path)).body['m2m:ae'].acpi).toBeUndefined();
    });
  });

  describe('nodes (TS-0001 9.6.18, TS-0004 7.4.18)', () => {
    it('are created by the administrator, not by an AE: 4103 (as ACME)', async () => {
      const { caller } = await admin().application();
      expect((await caller.create(base(), 14, { ni: 'x' })).rsc).toBe(4103);
      expect((await admin().create(base(), 14, { ni: 'x' })).rsc).toBe(2001);
      expect((await admin().create(base(), 14, {})).rsc).toBe(4000);
    });

    it('belong to their custodian', async () => {
      const { caller, aei } = await admin().application();
      const ri = (await admin().create(base(), 14, { ni: 'x', cstn: aei })).body['m2m:nod'].ri;
      expect((await caller.update(ri, 14, { lbl: ['x'], et: fromNow(60_000) })).rsc).toBe(2004);
      expect((await caller.delete(ri)).rsc).toBe(2002);
    });

    it('may have the same ni, not the same name', async () => {
      const rn = unique('node');
      expect((await admin().create(base(), 14, { rn, ni: 'same' })).rsc).toBe(2001);
      expect((await admin().create(base(), 14, { ni: 'same' })).rsc).toBe(2001);
      expect((await admin().create(base(), 14, { rn, ni: 'other' })).rsc).toBe(4105);
    });

    it('list an AE that links to them in hael, until it goes; in each form of the link', async () => {
      const rn = unique('node');
      const ri = (await admin().create(base(), 14, { rn, ni: 'x' })).body['m2m:nod'].ri;
      for (const nl of [ri, `${base()}/${rn}`, `${subject().cseId}/${ri}`]) {
        const { caller, path, aei } = await admin().application({ nl });
        expect((await caller.retrieve(path)).body['m2m:ae'].nl).toBe(nl);
        expect((await admin().retrieve(ri)).body['m2m:nod'].hael).toEqual([aei]);
        await caller.delete(path);
        expect((await admin().retrieve(ri)).body['m2m:nod'].hael).toBeUndefined();
      }
    });

    it('an AE that links to a node that is not there is 4004', async () => {
      const answer = await admin()
        .as(`C${unique('id')}`)
        .create(base(), 2, { ...ae(unique('ae')), nl: 'nothing' });
      expect(answer.rsc).toBe(4004);
    });

    it('hael may be set at CREATE and changed', async () => {
      const { aei } = await admin().application();
      const ri = (await admin().create(base(), 14, { ni: 'x', hael: [aei] })).body['m2m:nod'].ri;
      expect((await admin().update(ri, 14, { hael: ['Cother'] })).body['m2m:nod'].hael).toEqual(['Cother']);
      expect((await admin().update(ri, 14, { hael: null })).body['m2m:nod'].hael).toBeUndefined();
      expect((await admin().update(ri, 14, { hael: [] })).rsc).toBe(4000);
    });

    it('a node deleted before its AE, linked by resource ID, breaks each later UPDATE of the AE: 4004 (a fault of ACME)', async () => {
      const ri = (await admin().create(base(), 14, { ni: 'x' })).body['m2m:nod'].ri;
      const { caller, path } = await admin().application({ nl: ri });
      await admin().delete(ri);
      expect((await caller.retrieve(path)).body['m2m:ae'].nl).toBeUndefined();
      expect((await caller.update(path, 2, { lbl: ['x'] })).rsc).toBe(4004);
      expect((await caller.delete(path)).rsc).toBe(2002);
    });

    it('a node deleted before its AE, linked SP-relative, leaves an AE that cannot be deleted: 4004 (a fault of ACME)', async () => {
      const ri = (await admin().create(base(), 14, { ni: 'x' })).body['m2m:nod'].ri;
      const { caller, path } = await admin().application({ nl: `${subject().cseId}/${ri}` });
      await admin().delete(ri);
      expect((await caller.delete(path)).rsc).toBe(4004);
      expect((await admin().delete(path)).rsc).toBe(4004);
    });

    it('an UPDATE to a node that is not there is 4004; the node before loses the AE, which keeps its link (a fault of ACME)', async () => {
      const ri = (await admin().create(base(), 14, { ni: 'x' })).body['m2m:nod'].ri;
      const { caller, path } = await admin().application({ nl: ri });
      expect((await caller.update(path, 2, { nl: 'nothing' })).rsc).toBe(4004);
      expect((await admin().retrieve(ri)).body['m2m:nod'].hael).toBeUndefined();
      expect((await caller.retrieve(path)).body['m2m:ae'].nl).toBe(ri);
      expect((await caller.update(path, 2, { nl: ri })).rsc).toBe(2004);
      await admin().delete(ri);
      expect((await caller.delete(path)).rsc).toBe(4004);
      expect((await caller.retrieve(path)).rsc).toBe(2000);
    });

    it('nl cannot be taken away by null: 4004 (a fault of ACME)', async () => {
      const ri = (await admin().create(base(), 14, { ni: 'x' })).body['m2m:nod'].ri;
      const { caller, path } = await admin().application({ nl: ri });
      expect((await caller.update(path, 2, { nl: null })).rsc).toBe(4004);
    });

    it('are created by AEs that the policy of the CSEBase lets', async () => {
      const policyPath = `${base()}/acpCreateRootResources`;
      const before = (await admin().retrieve(policyPath)).body['m2m:acp'].pv;
      const { caller, aei } = await admin().application();
      const acr = [...before.acr, { acor: [`${aei}*`], acod: [{ chty: [14] }], acop: 1 }];
      expect((await admin().update(policyPath, 1, { pv: { acr } })).rsc).toBe(2004);
      const made = await caller.create(base(), 14, { ni: 'x' });
      await admin().update(policyPath, 1, { pv: before });
      expect(made.rsc).toBe(2001);
      expect((await caller.delete(made.body['m2m:nod'].ri)).rsc).toBe(2002);
    });
  });
}
