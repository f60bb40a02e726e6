import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { silentLogger, systemClock } from '../../../common/index.ts';
import { CseClient, Operation, ResourceType } from '../../../cse-client/index.ts';
import { EmbeddedCse } from '../../../embedded-cse/index.ts';
import { CsePresence } from '../../../ipe/cse/presence.ts';

const ORIGINATOR = 'Clwm2m-ipe';
const AE = 'cse-in/lwm2m-ipe';
let cse: EmbeddedCse;
let client: CseClient;
let administrator: CseClient;

beforeEach(async () => {
  cse = new EmbeddedCse({ host: '127.0.0.1', port: 0, cseId: '/id-in', cseBase: 'cse-in', adminOriginator: 'CAdmin' });
  const { url } = await cse.start();
  const options = { url, releaseVersion: '3', timeout: 5_000, maxInFlight: 4 };
  client = new CseClient({ ...options, originator: ORIGINATOR });
  administrator = new CseClient({ ...options, originator: 'CAdmin' });
});

afterEach(async () => {
  await client.close();
  await administrator.close();
  await cse.stop();
});

const presence = (resourceName = 'lwm2m-ipe') => {
  const settings = {
    url: 'http://127.0.0.1',
    base: 'cse-in',
    originator: ORIGINATOR,
    adminOriginator: 'CAdmin',
    releaseVersion: '3',
    resourceName,
    nodePrefix: 'node-',
    pointOfAccess: () => 'http://127.0.0.1:1/',
    privileges: { discover: [], read: ['all'], subscribe: [], command: [], administer: [] },
    dialect: 'auto' as const,
  };
  return new CsePresence(client, settings, systemClock, silentLogger);
};

it.each(['retrieve', 'update'] as const)('an own AE that goes between CREATE and %s is made again', async (method) => {
  await presence().establish();
  const asked: unknown[] = [];
  vi.spyOn(client, method).mockImplementation(async (...words: Parameters<CseClient[typeof method]>) => {
    if (words[1] === AE) asked.push(AE);
    if (words[1] === AE && asked.length === 1) await administrator.delete(AE);
    return (CseClient.prototype[method] as (...given: unknown[]) => Promise<never>).apply(client, words);
  });
  await presence().establish();
  expect(asked).toHaveLength(1);
  expect(await administrator.retrieve(ResourceType.ae, AE)).toMatchObject({ aei: ORIGINATOR });
});

it('resources of the IPE that a CSE could not show for a moment are not taken for lost', async () => {
  const own = presence();
  const remade = vi.fn();
  own.onRemade(remade);
  await own.establish();
  const show = { op: Operation.retrieve, to: AE };
  cse.faults.refuse(5000, show, { times: 1 });
  await own.check();
  expect(remade).not.toHaveBeenCalled();
  cse.faults.refuse(5000, show, { times: 1 });
  await administrator.delete(AE);
  await own.check();
  expect(remade).toHaveBeenCalledOnce();
  expect(await administrator.retrieve(ResourceType.ae, AE)).toMatchObject({ aei: ORIGINATOR });
});

it('an originator that is known as another AE is told with what to do', async () => {
  await presence().establish();
  await expect(presence('other').establish()).rejects.toMatchObject({
    code: 'cse/originator-taken',
    message: expect.stringContaining('choose another cse.originator'),
  });
});
