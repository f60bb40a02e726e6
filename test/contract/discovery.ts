import { beforeAll, describe, expect, it } from 'vitest';
import { Caller, fromNow, type Subject, unique } from './caller.ts';

/** Discovery with the filter criteria that applications use. */
export function discoveryContract(subject: () => Subject): void {
  const admin = () => new Caller(subject(), subject().admin);
  const base = () => subject().base;

  describe('discovery (TS-0004 7.3.3.17)', () => {
    const label = unique('LWM2MRT:x');
    let caller: Caller;
    let path: string;
    let aei: string;

    // ae ── c30 ── v, c3303_0 ── sub/deep, plain
    beforeAll(async () => {
      ({ caller, path, aei } = await admin().application({ lbl: [`${label}-ae`] }));
      await caller.create(path, 3, { rn: 'c30', lbl: [label, 'both', 'LWM2MURI:/3/0'] });
      await caller.create(`${path}/c30`, 4, { rn: 'v', con: 'abc', lbl: [label] });
      await caller.create(path, 3, { rn: 'c3303_0', lbl: [`${label}2`, 'both', 'with blank'] });
      await caller.create(`${path}/c3303_0`, 3, { rn: 'sub', lbl: [label] });
      await caller.create(`${path}/c3303_0/sub`, 3, { rn: 'deep', lbl: [label], cr: null });
      await caller.create(path, 3, { rn: 'plain' });
    });

    const found = async (query: string, at = '') => {
      const uris = await caller.discover(path + at, query);
      return uris.map((uri) => uri.replace(`${path}/`, ''));
    };

    it('without criteria finds everything below, in the order of the walk', async () => {
      expect(await found('')).toEqual(['c30', 'c30/v', 'c3303_0', 'c3303_0/sub', 'c3303_0/sub/deep', 'plain']);
    });

    it('finds by label, plain and percent-encoded', async () => {
      const all = ['c30', 'c30/v', 'c3303_0/sub', 'c3303_0/sub/deep'];
      expect(await found(`lbl=${label}`)).toEqual(all);
      expect(await found(`lbl=${encodeURIComponent(label)}`)).toEqual(all);
      expect(await found('lbl=LWM2MURI:/3/0')).toEqual(['c30']);
      expect(await found('lbl=nothing')).toEqual([]);
    });

    it('several labels are OR, repeated or joined by +', async () => {
      expect(await found(`lbl=LWM2MURI:/3/0&lbl=${label}2`)).toEqual(['c30', 'c3303_0']);
      expect(await found(`lbl=LWM2MURI:/3/0+${label}2`)).toEqual(['c30', 'c3303_0']);
    });

    it('labels know no wildcards (as ACME)', async () => {
      expect(await found('lbl=LWM2M*')).toEqual([]);
      expect(await found('lbl=bot?')).toEqual([]);
    });

    it('a label with a blank is not found by it (as ACME)', async () => {
      expect(await found('lbl=with%20blank')).toEqual([]);
      expect(await found('lbl=with+blank')).toEqual([]);
    });

    it('types are OR, repeated or joined by +; label and type are AND', async () => {
      expect(await found('ty=4')).toEqual(['c30/v']);
      expect((await found('ty=3+4')).length).toBe(6);
      expect((await found('ty=3&ty=4')).length).toBe(6);
      expect(await found(`ty=4&lbl=${label}`)).toEqual(['c30/v']);
      expect(await found('ty=14')).toEqual([]);
    });

    it('fo=2 joins the criteria by OR', async () => {
      expect(await found('ty=4&lbl=both&fo=2')).toEqual(['c30', 'c30/v', 'c3303_0']);
    });

    it('finds by name, with wildcards', async () => {
      expect(await found('rn=plain')).toEqual(['plain']);
      expect(await found('rn=c3*')).toEqual(['c30', 'c3303_0']);
      expect(await found('rn=*ee*')).toEqual(['c3303_0/sub/deep']);
      expect(await found('rn=plai')).toEqual([]);
    });

    it('finds by creator and by other attributes', async () => {
      expect(await found(`cr=${aei}`)).toEqual(['c3303_0/sub/deep']);
      expect(await found('con=abc')).toEqual(['c30/v']);
      expect(await found('cni=1')).toEqual(['c30']);
    });

    it('lvl bounds the depth', async () => {
      expect(await found('lvl=1')).toEqual(['c30', 'c3303_0', 'plain']);
      expect(await found(`lvl=2&lbl=${label}`)).toEqual(['c30', 'c30/v', 'c3303_0/sub']);
    });

    it('lim and ofst cut the children of the target before anything else (as ACME)', async () => {
      expect(await found('lim=1')).toEqual(['c30', 'c30/v']);
      expect(await found('lim=1&ofst=3')).toEqual(['plain']);
      expect(await found(`lim=1&ofst=2&lbl=${label}`)).toEqual(['c3303_0/sub', 'c3303_0/sub/deep']);
    });

    it.each([
      ['cra', -60_000, 6],
      ['cra', 60_000, 0],
      ['crb', 60_000, 6],
      ['crb', -60_000, 0],
      ['ms', -60_000, 6],
      ['ms', 60_000, 0],
      ['us', 60_000, 6],
      ['us', -60_000, 0],
      ['exa', 60_000, 6],
      ['exb', 60_000, 0],
    ])('%s at %i ms finds %i', async (criterion, milliseconds, count) => {
      expect((await found(`${criterion}=${fromNow(milliseconds)}`)).length).toBe(count);
    });

    it('finds by state tag and by size', async () => {
      expect(await found('stb=1&lvl=1')).toEqual(['c3303_0', 'plain']);
      expect(await found('sts=1')).toEqual([]);
      expect(await found('sza=3')).toEqual(['c30/v']);
      expect(await found('szb=3')).toEqual([]);
    });

    it('drt=2 gives resource IDs, SP-relative', async () => {
      const ri = (await caller.retrieve(`${path}/plain`)).body['m2m:cnt'].ri;
      expect(await caller.discover(path, 'rn=plain&drt=2')).toEqual([`${subject().cseId}/${ri}`]);
    });

    it('rcn=6 gives references', async () => {
      const { body } = await caller.send('GET', `${path}?fu=1&rcn=6&rn=plain`);
      expect(body['m2m:rrl'].rrf).toEqual([{ nm: 'plain', typ: 3, val: `${subject().cseId}/${path}/plain` }]);
    });

    it('arp appends a relative address', async () => {
      expect(await found('rn=c30&arp=la')).toEqual(['c30/la']);
    });

    it('conditional RETRIEVE: rcn=4, 5, 6 and 8 filter what is below', async () => {
      const four = (await caller.send('GET', `${path}?rcn=4&lbl=both`)).body['m2m:ae'];
      expect(four['m2m:cnt'].map((cnt: { rn: string }) => cnt.rn)).toEqual(['c30', 'c3303_0']);
      expect(four['m2m:cnt'][0]['m2m:cin']).toBeUndefined();
      const six = (await caller.send('GET', `${path}?rcn=6&ty=4`)).body['m2m:rrl'].rrf;
      expect(six.map((reference: { nm: string }) => reference.nm)).toEqual(['v']);
      const eight = (await caller.send('GET', `${path}?rcn=8&lvl=1`)).body['m2m:ae'];
      expect(eight['m2m:cnt'].length).toBe(3);
    });

    it('below a leaf, and of what is not there: empty, and 4004', async () => {
      expect(await found('', '/plain')).toEqual([]);
      expect(await found('', '/nothing')).toEqual(['rsc 4004']);
    });

    it('a criterion that should be a number and is none is 4000', async () => {
      expect(await found('lim=x')).toEqual(['rsc 4000']);
      expect(await found('ty=x')).toEqual(['rsc 4000']);
    });
  });

  describe('discovery and privileges', () => {
    it('never fails, it leaves out what may not be seen', async () => {
      const owner = await admin().application();
      const other = await admin().application({ lbl: ['mine'] });
      await owner.caller.create(owner.path, 3, { rn: 'c' });
      expect(await other.caller.discover(owner.path, '')).toEqual([]);
      expect(await other.caller.discover(base(), 'lbl=mine')).toEqual([other.path]);
    });

    it('needs the right to discover, which is not the right to retrieve (TS-0004 6.3.4.2.29)', async () => {
      const owner = await admin().application();
      const reader = await admin().application();
      const acp = async (acop: number) => {
        const pvs = { acr: [{ acor: [owner.aei], acop: 63 }] };
        const pv = { acr: [{ acor: [reader.aei], acop }] };
        return (await owner.caller.create(base(), 1, { pv, pvs })).body['m2m:acp'].ri as string;
      };
      await owner.caller.create(owner.path, 3, { rn: 'seen', acpi: [await acp(32)] });
      await owner.caller.create(owner.path, 3, { rn: 'read', acpi: [await acp(2)] });
      await owner.caller.create(owner.path, 3, { rn: 'both', acpi: [await acp(34)] });
      const seen = await reader.caller.discover(owner.path, 'ty=3');
      expect(seen).toEqual([`${owner.path}/seen`, `${owner.path}/both`]);
      expect((await reader.caller.retrieve(`${owner.path}/seen`)).rsc).toBe(4103);
      expect((await reader.caller.retrieve(`${owner.path}/read`)).rsc).toBe(2000);
    });

    it('sees what lies below something hidden', async () => {
      const owner = await admin().application();
      const reader = await admin().application();
      const pvs = { acr: [{ acor: [owner.aei], acop: 63 }] };
      const pv = { acr: [{ acor: [reader.aei], acop: 34 }] };
      const acpi = [(await owner.caller.create(base(), 1, { pv, pvs })).body['m2m:acp'].ri];
      await owner.caller.create(owner.path, 3, { rn: 'hidden' });
      await owner.caller.create(`${owner.path}/hidden`, 3, { rn: 'open', acpi, lbl: ['below-hidden'] });
      expect(await reader.caller.discover(base(), 'lbl=below-hidden')).toEqual([`${owner.path}/hidden/open`]);
    });
  });
}
