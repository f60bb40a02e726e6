import { afterAll, beforeAll, describe } from 'vitest';
import { EmbeddedCse } from '../../embedded-cse/index.ts';
import { Acme, acmeAvailable } from '../support/acme.ts';
import type { Subject } from './caller.ts';
import { containersContract } from './containers.ts';
import { registrationContract } from './registration.ts';
import { requestsContract } from './requests.ts';

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
  });
}
