import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { LWM2M_VERSIONS, type Lwm2mVersion, ObjectModels, type Operation, parsePath } from '../../../lwm2m/index.ts';
import { FormatMemory } from '../../../lwm2m/operation/format-memory.ts';
import { type Exchange, negotiate } from '../../../lwm2m/operation/negotiation.ts';
import { aRegistration, objectLinks } from '../../support/registration.ts';

const path = parsePath('/3/0/15');
const instance = parsePath('/3/0');
const nodes = [{ path, value: 'UTC' }];
const READS: readonly Operation[] = [
  { type: 'read', path },
  { type: 'read', path: instance, format: 110 },
  { type: 'observe', path: instance },
  { type: 'read-composite', paths: [path] },
];
const WRITES: readonly Operation[] = [
  { type: 'write', path, mode: 'replace', nodes },
  { type: 'write', path: instance, mode: 'partial', nodes, format: 11543 },
  { type: 'create', path: { objectId: 3 }, nodes },
  { type: 'write-composite', nodes },
];

type Told = Awaited<ReturnType<Exchange>>;

const reply = (code: string): Told =>
  ({ code, locationPath: [], contentFormat: 110, payload: Buffer.from('[{"n":"/3/0/15","vs":"UTC"}]') }) as Told;
const CODES = ['2.04', '2.05', '4.00', '4.01', '4.02', '4.04', '4.05', '4.06', '4.15', '5.00', '2.03'];
const anAnswer: fc.Arbitrary<Told> = fc.oneof(
  fc.constantFrom(...CODES).map(reply),
  fc.constantFrom('timeout', 'reset', 'gone', 'cancelled').map((kind) => ({ kind }) as Told),
);
const aVersion = fc.constantFrom(...LWM2M_VERSIONS);
const formats = fc.uniqueArray(fc.constantFrom(0, 42, 60, 110, 112, 11542, 11543, 11544));

const registration = (version: Lwm2mVersion, contentFormats: readonly number[]) =>
  aRegistration({ version, objectLinks: objectLinks([], contentFormats) });

/** Asks for each operation in turn, of a device that answers as the list says and then not at all. */
async function converse(
  operations: readonly Operation[],
  version: Lwm2mVersion,
  listed: number[],
  answers: readonly Told[],
) {
  const memory = new FormatMemory();
  const facts = { registration: registration(version, listed), models: ObjectModels.official(), now: 0 };
  const left = [...answers];
  const conversations: { operation: Operation; told: Told[] }[] = [];
  for (const operation of operations) {
    const told: Told[] = [];
    conversations.push({ operation, told });
    const exchange: Exchange = () => {
      const next = left.shift() ?? { kind: 'timeout' };
      told.push(next);
      return Promise.resolve(next);
    };
    const { outcome } = await negotiate(operation, facts, memory, exchange);
    expect(outcome.kind).toEqual(expect.any(String));
  }
  return conversations;
}

describe('the search for a format', () => {
  test('ends for any answers, after no more requests than there are formats', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.constantFrom(...READS, ...WRITES), { minLength: 1, maxLength: 4 }),
        aVersion,
        formats,
        fc.array(anAnswer, { maxLength: 30 }),
        async (operations, version, listed, answers) => {
          for (const { told } of await converse(operations, version, listed, answers)) {
            expect(told.length).toBeGreaterThan(0);
            expect(told.length).toBeLessThanOrEqual(9);
          }
        },
      ),
    );
  });

  test('never repeats a Write or Create that may have happened: all answers but the last were refusals', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.constantFrom(...WRITES), { minLength: 1, maxLength: 4 }),
        aVersion,
        formats,
        fc.array(anAnswer, { maxLength: 30 }),
        async (operations, version, listed, answers) => {
          for (const { told } of await converse(operations, version, listed, answers)) {
            for (const one of told.slice(0, -1)) expect('code' in one && one.code[0]).toBe('4');
          }
        },
      ),
    );
  });

  test('is over when a device has answered: nothing is asked after the first success', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.constantFrom(...READS),
        aVersion,
        formats,
        fc.array(anAnswer, { maxLength: 30 }),
        async (operation, version, listed, answers) => {
          for (const { told } of await converse([operation], version, listed, answers)) {
            const first = told.findIndex((one) => 'code' in one && one.code === '2.05');
            expect(first === -1 || first === told.length - 1).toBe(true);
          }
        },
      ),
    );
  });
});
