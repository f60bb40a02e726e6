import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { EmbeddedCse } from '../../embedded-cse/index.ts';
import { Acme, acmeAvailable } from '../support/acme.ts';
import { accessContract } from './access.ts';
import { blockingContract } from './blocking.ts';
import { Caller, type Subject } from './caller.ts';
import { containersContract } from './containers.ts';
import { DIFFERENCES } from './differences.ts';
import { discoveryContract } from './discovery.ts';
import { registrationContract } from './registration.ts';
import { requestsContract } from './requests.ts';
import { subscriptionsContract } from './subscriptions.ts';

/** What an IPE and its applications rely on, held against the embedded CSE and against a real ACME. */
async function startEmbedded(): Promise<Subject> {
  const cse = new EmbeddedCse({ dialect: 'acme', expirationInterval: 200 });
  const { url } = await cse.start();
  const { cseBase, cseId, adminOriginator } = cse;
  return { name: 'embedded', url, base: cseBase, cseId, admin: adminOriginator, stop: () => cse.stop() };
}

async function startAcme(): Promise<Subject> {
  const acme = await Acme.start();
  const { url, cseBase, cseId, adminOriginator } = acme;
  return { name: 'ACME', url, base: cseBase, cseId, admin: adminOriginator, stop: () => acme.stop() };
}

const acme = await acmeAvailable();
const subjects = [
  { name: 'the embedded CSE', start: startEmbedded, skip: false },
  { name: acme.ok ? 'ACME' : `ACME (skipped: ${acme.reason})`, start: startAcme, skip: !acme.ok },
];

for (const { name, start, skip } of subjects) {
  describe.skipIf(skip)(`${name} keeps the contract`, () => {
    let running: Subject;
    beforeAll(async () => {
      running = await start();
    });
    afterAll(() => running.stop());
    const subject = () => running;

    requestsContract(subject);
    registrationContract(subject);
    containersContract(subject);
    accessContract(subject);
    discoveryContract(subject);
    subscriptionsContract(subject);
    blockingContract(subject);
  });
}

/** The differences that are left, as data: both sides are asserted, so that the list stays true. */
for (const { name, start, skip } of subjects) {
  describe.skipIf(skip)(`${name} differs where the list says so`, () => {
    let running: Subject;
    beforeAll(async () => {
      running = await start();
    });
    afterAll(() => running.stop());

    it.each(DIFFERENCES)('$what: ACME $acme, embedded $embedded ($why)', async (difference) => {
      const { caller, path } = await new Caller(running, running.admin).application();
      await caller.create(path, 3, { rn: 'c' });
      const answer = await difference.ask(caller, path);
      const compared = difference.of === undefined ? answer.rsc : difference.of(answer);
      expect(compared).toEqual(running.name === 'ACME' ? difference.acme : difference.embedded);
    });
  });
}
