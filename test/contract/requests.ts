import { describe, expect, it } from 'vitest';
import { ae, Caller, type Subject, unique } from './caller.ts';

/** What holds for every request: parameters, addresses, result contents. */
export function requestsContract(subject: () => Subject): void {
  const admin = () => new Caller(subject(), subject().admin);
  const base = () => subject().base;

  describe('request parameters', () => {
    it.each(['2a', '3', '4', '5'])('release version %s is accepted and echoed (TS-0009 6.4.22)', async (rvi) => {
      const answer = await admin().send('GET', base(), { headers: { 'X-M2M-RVI': rvi } });
      expect([answer.status, answer.rsc, answer.headers['x-m2m-rvi']]).toEqual([200, 2000, rvi]);
    });

    it.each(['1', '2', '6', 'x'])('release version %s is 501/4001 (TS-0004 7.3.2.1)', async (rvi) => {
      const answer = await admin().send('GET', base(), { headers: { 'X-M2M-RVI': rvi } });
      expect([answer.status, answer.rsc]).toEqual([501, 4001]);
    });

    it('no release version is 501/4001 (TS-0009 6.4.22)', async () => {
      const answer = await admin().send('GET', base(), { headers: { 'X-M2M-RVI': undefined } });
      expect([answer.status, answer.rsc]).toEqual([501, 4001]);
    });

    it('no request identifier is 400/4000 (TS-0004 7.3.1.2)', async () => {
      const answer = await admin().send('GET', base(), { headers: { 'X-M2M-RI': undefined } });
      expect([answer.status, answer.rsc]).toEqual([400, 4000]);
    });

    it('no originator is 400/4000 (TS-0004 7.3.1.2)', async () => {
      const answer = await admin().as(undefined).retrieve(base());
      expect([answer.status, answer.rsc]).toEqual([400, 4000]);
    });

    it('the request identifier comes back, also with a refusal (TS-0009 6.4.8)', async () => {
      const found = await admin().send('GET', base(), { headers: { 'X-M2M-RI': 'abc-1' } });
      const missed = await admin().send('GET', `${base()}/${unique()}`, { headers: { 'X-M2M-RI': 'abc-2' } });
      expect([found.headers['x-m2m-ri'], missed.headers['x-m2m-ri'], missed.rsc]).toEqual(['abc-1', 'abc-2', 4004]);
    });

    it('the same request identifier may be used again (as ACME)', async () => {
      const headers = { 'X-M2M-RI': 'twice' };
      await admin().send('GET', base(), { headers });
      expect((await admin().send('GET', base(), { headers })).rsc).toBe(2000);
    });

    it('a request that expires now is 504/4008, in the future it is served (TS-0004 6.4.1)', async () => {
      const past = await admin().send('GET', base(), { headers: { 'X-M2M-RET': '-1' } });
      const future = await admin().send('GET', base(), { headers: { 'X-M2M-RET': '5000' } });
      const nonsense = await admin().send('GET', base(), { headers: { 'X-M2M-RET': 'abc' } });
      expect([past.status, past.rsc, future.rsc, nonsense.rsc]).toEqual([504, 4008, 2000, 4000]);
    });

    it('content that is not JSON is 400/4000 (TS-0009 6.4.3)', async () => {
      const headers = { 'Content-Type': 'application/json;ty=3' };
      expect((await admin().send('POST', base(), { text: '{', headers })).rsc).toBe(4000);
    });

    it('a CREATE without content is 400/4000 (TS-0004 7.3.3.2)', async () => {
      const headers = { 'Content-Type': 'application/json;ty=3' };
      expect((await admin().send('POST', base(), { headers })).rsc).toBe(4000);
      expect((await admin().send('POST', base(), { text: '{}', headers })).rsc).toBe(4000);
    });

    it('a CREATE whose content is of another type is 4000 (TS-0004 7.3.3.2)', async () => {
      const headers = { 'Content-Type': 'application/json;ty=3' };
      const answer = await admin().send('POST', base(), { body: { 'm2m:ae': { rn: unique() } }, headers });
      expect(answer.rsc).toBe(4000);
    });

    it('an UPDATE whose content is of another type is 4102 (as ACME)', async () => {
      const { caller, path } = await admin().application();
      const answer = await caller.update(path, 3, { lbl: ['a'] });
      expect([answer.status, answer.rsc]).toEqual([400, 4102]);
    });

    it('an unknown resource type is 4000 (as ACME)', async () => {
      expect((await admin().create(base(), 999, { rn: unique() })).rsc).toBe(4000);
    });

    it('a CSEBase can be neither created nor deleted: 4005 (TS-0004 7.4.3.2)', async () => {
      expect((await admin().create(base(), 5, { rn: unique() })).rsc).toBe(4005);
      expect((await admin().delete(base())).rsc).toBe(4005);
    });
  });

  describe('addresses (TS-0001 7.2, TS-0009 6.2.2)', () => {
    it('CSE-relative, SP-relative, absolute, by resource ID and by the dash reach the same CSEBase', async () => {
      const { cseId } = subject();
      const spi = (await admin().retrieve(base())).body['m2m:cb'].spi.slice(2);
      const forms = [`/${base()}`, `/~${cseId}/${base()}`, `/~${cseId}/-`, `/_/${spi}${cseId}/${base()}`, cseId, '/-'];
      const found = await Promise.all(forms.map((form) => admin().retrieve(form)));
      expect(found.map((answer) => answer.body?.['m2m:cb']?.csi)).toEqual(forms.map(() => cseId));
    });

    it('a resource is reached by its names and by its resource ID in all three forms', async () => {
      const { caller, path } = await admin().application();
      const rn = unique('cnt');
      const ri = (await caller.create(path, 3, { rn })).body['m2m:cnt'].ri;
      const { cseId } = subject();
      const forms = [
        `/${path}/${rn}`,
        `/${ri}`,
        `/~${cseId}/${ri}`,
        `/~${cseId}/${path}/${rn}`,
        `/-/${path.split('/')[1]}/${rn}`,
      ];
      const found = await Promise.all(forms.map((form) => caller.retrieve(form)));
      expect(found.map((answer) => answer.body?.['m2m:cnt']?.ri)).toEqual(forms.map(() => ri));
    });

    it('names below a resource ID are 4004, only virtual resources are reached that way (as ACME)', async () => {
      const { caller, path } = await admin().application();
      const ri = (await caller.create(path, 3, { rn: 'a' })).body['m2m:cnt'].ri;
      await caller.create(ri, 3, { rn: 'b' });
      await caller.create(ri, 4, { con: '1' });
      expect((await caller.retrieve(`${ri}/b`)).rsc).toBe(4004);
      expect((await caller.retrieve(`${ri}/la`)).body['m2m:cin'].con).toBe('1');
    });

    it.each(['nothing', 'cse-in/nothing/at/all', '~/other-cse/x', '~/id-in/nothing'])(
      '%s is 404/4004',
      async (path) => {
        const answer = await admin().retrieve(path);
        expect([answer.status, answer.rsc]).toEqual([404, 4004]);
      },
    );
  });

  describe('the CSEBase', () => {
    it('says who it is and what it can (TS-0001 9.6.3)', async () => {
      const cb = (await admin().retrieve(base())).body['m2m:cb'];
      expect(cb).toMatchObject({ csi: subject().cseId, rn: base(), ri: subject().cseId.slice(1), ty: 5, cst: 1 });
      expect(cb.srv).toEqual(['2a', '3', '4', '5']);
      expect(cb.srt).toEqual(expect.arrayContaining([1, 2, 3, 4, 5, 9, 14, 23]));
      expect(cb.ctm).toMatch(/^\d{8}T\d{6}/);
    });

    it('is read by a registered AE, for an unregistered originator it is 403/4103 (as ACME)', async () => {
      const { caller } = await admin().application();
      const answer = await caller.as(`C${unique()}`).retrieve(base());
      expect([(await caller.retrieve(base())).rsc, answer.status, answer.rsc]).toEqual([2000, 403, 4103]);
    });

    it('is not updated, not even by the administrator: 4005 (as ACME)', async () => {
      expect((await admin().update(base(), 5, { lbl: ['mine'] })).rsc).toBe(4005);
    });
  });

  describe('result content (TS-0004 6.3.4.2.7)', () => {
    it('CREATE: 0 nothing, 1 all, 2 the address, 3 both, 9 what the CSE set', async () => {
      const { caller, path } = await admin().application();
      const create = (rn: string, rcn: number) => caller.create(path, 3, { rn, lbl: ['a'] }, `?rcn=${rcn}`);
      expect((await create('r0', 0)).body).toBeUndefined();
      expect((await create('r1', 1)).body['m2m:cnt']).toMatchObject({ rn: 'r1', lbl: ['a'], cni: 0 });
      const address = await create('r2', 2);
      expect(address.body).toEqual({ 'm2m:uri': `${path}/r2` });
      const both = (await create('r3', 3)).body['m2m:rce'];
      expect([both.uri, both.cnt.rn]).toEqual([`${path}/r3`, 'r3']);
      const modified = (await create('r9', 9)).body['m2m:cnt'];
      expect([typeof modified.ri, modified.rn, modified.lbl]).toEqual(['string', undefined, undefined]);
    });

    it('UPDATE: 0 nothing, 1 all; DELETE: nothing, or 1 what was deleted', async () => {
      const { caller, path } = await admin().application();
      expect((await caller.update(path, 2, { lbl: ['a'] }, '?rcn=0')).body).toBeUndefined();
      expect((await caller.update(path, 2, { lbl: ['b'] })).body['m2m:ae']).toMatchObject({
        lbl: ['b'],
        api: 'Ncontract',
      });
      await caller.create(path, 3, { rn: 'd' });
      expect((await caller.send('DELETE', `${path}/d?rcn=1`)).body['m2m:cnt'].rn).toBe('d');
      const answer = await caller.delete(path);
      expect([answer.status, answer.rsc, answer.body]).toEqual([200, 2002, undefined]);
    });

    it('RETRIEVE: 4 attributes and children, 8 children, 5 attributes and references, 6 references', async () => {
      const { caller, path, aei } = await admin().application();
      await caller.create(path, 3, { rn: 'one' });
      await caller.create(`${path}/one`, 4, { rn: 'v', con: '1' });
      await caller.create(path, 3, { rn: 'Two' });
      const full = (await caller.retrieve(`${path}?rcn=4`)).body['m2m:ae'];
      expect(full.aei).toBe(aei);
      expect(full['m2m:cnt'].map((cnt: { rn: string }) => cnt.rn)).toEqual(['one', 'Two']);
      expect(full['m2m:cnt'][0]['m2m:cin'][0].con).toBe('1');
      const children = (await caller.retrieve(`${path}?rcn=8`)).body['m2m:ae'];
      expect([children.aei, children['m2m:cnt'].length]).toEqual([undefined, 2]);
      const references = (await caller.retrieve(`${path}?rcn=6`)).body['m2m:rrl'].rrf;
      expect(references).toEqual([
        { nm: 'one', typ: 3, val: `${subject().cseId}/${path}/one` },
        { nm: 'Two', typ: 3, val: `${subject().cseId}/${path}/Two` },
        { nm: 'v', typ: 4, val: `${subject().cseId}/${path}/one/v` },
      ]);
      const both = (await caller.retrieve(`${path}?rcn=5`)).body['m2m:ae'];
      expect([both.aei, both.ch]).toEqual([aei, references]);
    });

    it.each([
      ['GET', '?rcn=0'],
      ['GET', '?rcn=2'],
      ['GET', '?rcn=11'],
      ['GET', '?fu=1&rcn=1'],
      ['GET', '?fu=1&rcn=4'],
      ['DELETE', '?rcn=2'],
    ])('%s %s is 4000', async (method, query) => {
      const { caller, path } = await admin().application();
      expect((await caller.send(method, path + query)).rsc).toBe(4000);
    });
  });

  it('an AE may be registered without an originator: the CSE names it (TS-0001 10.2.2.2)', async () => {
    const answer = await admin()
      .as(undefined)
      .create(base(), 2, ae(unique('ae')));
    expect([answer.rsc, /^C\w{10}$/.test(answer.body['m2m:ae'].aei)]).toEqual([2001, true]);
  });
}
