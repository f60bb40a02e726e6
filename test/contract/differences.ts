import type { Answer, Caller } from './caller.ts';
import { Listener } from './listener.ts';

/** One request that the embedded CSE and ACME answer differently, with the answers of both. */
export interface Difference {
  readonly what: string;
  /** Why it is left so. */
  readonly why: string;
  /** Sends it as an AE that owns a container `c`. */
  readonly ask: (caller: Caller, path: string) => Promise<Answer>;
  /** What is compared; without it the response status code. */
  readonly of?: (answer: Answer) => unknown;
  readonly acme: unknown;
  readonly embedded: unknown;
}

/** Every difference that is known; the contract asserts both sides, so that none outlives its cause. */
export const DIFFERENCES: readonly Difference[] = [
  {
    what: 'an old contentInstance retrieved by its name below a subscription for blocking RETRIEVE',
    why: 'ACME asks for each old child that is named or discovered, which no application wants; the embedded CSE for la and ol',
    ask: async (caller, path) => {
      const listener = await Listener.start();
      await caller.create(`${path}/c`, 4, { rn: 'first', con: 'old' });
      await caller.create(`${path}/c`, 23, { nu: [listener.url], enc: { net: [10] }, ma: 'PT0S' });
      listener.clear();
      const answer = await caller.retrieve(`${path}/c/first`);
      await listener.stop();
      return { ...answer, body: listener.notifications.length };
    },
    of: ({ body }) => body,
    acme: 1,
    embedded: 0,
  },
  {
    what: 'a flexContainer',
    why: 'no IPE resource needs one; the embedded CSE has the types of its srt only',
    ask: (caller, path) =>
      caller.send('POST', path, {
        body: { 'cod:bat': { cnd: 'org.onem2m.common.moduleclass.battery', lvl: 1 } },
        headers: { 'Content-Type': 'application/json;ty=28' },
      }),
    acme: 2001,
    embedded: 4000,
  },
  {
    what: 'a pollingChannel',
    why: 'notifications of the embedded CSE go to points of access only',
    ask: (caller, path) =>
      caller.send('POST', path, { body: { 'm2m:pch': {} }, headers: { 'Content-Type': 'application/json;ty=15' } }),
    acme: 2001,
    embedded: 4000,
  },
  {
    what: 'a management object below a node',
    why: 'the registration lifecycle makes none',
    ask: async (caller) => {
      const admin = caller.as(caller.subject.admin);
      const node = (await admin.create(caller.subject.base, 14, { ni: 'x' })).body['m2m:nod'].ri as string;
      const bat = { 'm2m:bat': { mgd: 1006, btl: 80, bts: 1 } };
      return admin.send('POST', node, { body: bat, headers: { 'Content-Type': 'application/json;ty=13' } });
    },
    acme: 2001,
    embedded: 4000,
  },
  {
    what: 'a non-blocking request (rt=1)',
    why: 'every request of the IPE waits for its answer; the embedded CSE keeps no <request>',
    ask: (caller, path) => caller.send('GET', `${path}?rt=1`),
    acme: 1001,
    embedded: 5001,
  },
  {
    what: 'an expirationTime in the extended format',
    why: 'ACME takes it and then compares it as text, which puts it in the wrong order; TS-0004 6.3.3 has the basic format',
    ask: (caller, path) => caller.create(path, 3, { et: '2099-01-01T00:00:00Z' }),
    acme: 2001,
    embedded: 4000,
  },
  {
    what: 'an expirationTime that is a duration',
    why: 'ACME takes it and then compares it as text; TS-0004 6.3.3 has a time',
    ask: (caller, path) => caller.create(path, 3, { et: 'P1D' }),
    acme: 2001,
    embedded: 4000,
  },
  {
    what: 'sts=0 in a discovery',
    why: 'ACME wants a number above 0; TS-0004 6.3.5.8 has non-negative integers',
    ask: (caller, path) => caller.send('GET', `${path}?fu=1&sts=0`),
    acme: 4000,
    embedded: 2000,
  },
  {
    what: 'batched notifications (bn)',
    why: 'not built; refused rather than ignored',
    ask: (caller, path) => caller.create(path, 23, { nu: [caller.originator], bn: { num: 3, dur: 'PT2S' } }),
    acme: 2001,
    embedded: 4000,
  },
  {
    what: 'a subscription for a retrieval without a child (net 5)',
    why: 'ACME takes it and never notifies; refused rather than ignored',
    ask: (caller, path) => caller.create(path, 23, { nu: [caller.originator], enc: { net: [5] } }),
    acme: 2001,
    embedded: 4000,
  },
  {
    what: 'content in XML',
    why: 'TS-0004 6.6.3 has a code for it, which ACME takes for media types without a oneM2M name only',
    ask: (caller, path) =>
      caller.send('POST', path, { text: '<m2m:cnt/>', headers: { 'Content-Type': 'application/xml;ty=3' } }),
    acme: 4000,
    embedded: 4015,
  },
  {
    what: 'the AEContactList of the CSEBase',
    why: 'ACME furnishes more below its CSEBase than an IPE meets: this, a notificationTargetPolicy, a second policy',
    ask: (caller) => caller.as(caller.subject.admin).retrieve(`${caller.subject.base}/AEContactList`),
    acme: 2000,
    embedded: 4004,
  },
  {
    what: 'child resources alone (rcn=8) where a type stands on several levels',
    why: 'ACME lifts deeper resources of a type that it met before to the top; TS-0004 6.3.4.2.7 nests them',
    ask: async (caller, path) => {
      await caller.create(`${path}/c`, 23, { rn: 'deep', nu: [caller.originator] });
      await caller.create(path, 9, { rn: 'g', mnm: 1, mid: [`${path}/c`] });
      await caller.create(`${path}/g`, 23, { rn: 'deeper', nu: [caller.originator] });
      await caller.delete(`${path}/c`);
      await caller.create(path, 23, { rn: 'shallow', nu: [caller.originator] });
      await caller.create(path, 3, { rn: 'd' });
      await caller.create(`${path}/d`, 23, { rn: 'below', nu: [caller.originator] });
      return caller.send('GET', `${path}?rcn=8&ty=3+23`);
    },
    of: (answer) => names(answer.body['m2m:ae']['m2m:sub']),
    acme: ['below', 'deeper', 'shallow'],
    embedded: ['deeper', 'shallow'],
  },
];

function names(resources: readonly { readonly rn: string }[]): string[] {
  return resources.map(({ rn }) => rn).sort();
}
