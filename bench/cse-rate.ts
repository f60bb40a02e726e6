import { parseArgs } from 'node:util';
import { CseClient, ResourceType } from '../cse-client/index.ts';
import { accessControlPolicy } from '../ipe/cse/access.ts';
import type { Registration } from '../lwm2m/index.ts';
import type { ResourceContext } from '../mappings/index.ts';
import { BASE, DeviceRequests } from './device-requests.ts';

// What the CSE client alone reaches: the very requests that the bridge makes for a device with four links, one after
// the other without a device, in a process of its own. Prints one line of JSON.

/** Requests a second by kind, and all of them together. */
export interface CseRates {
  readonly creates: number;
  readonly updates: number;
  readonly deletes: number;
  /** Microseconds of CPU of this process for one request. */
  readonly cpu: number;
}

const { values } = parseArgs({
  options: {
    url: { type: 'string', default: 'http://127.0.0.1:8080' },
    devices: { type: 'string', default: '1000' },
    'in-flight': { type: 'string', default: '8' },
    adaptive: { type: 'boolean', default: false },
    administrator: { type: 'string', default: 'CAdmin' },
    prefix: { type: 'string', default: 'raw-' },
  },
});
const devices = Number(values.devices);
const maxInFlight = Number(values['in-flight']);
const { administrator } = values;
const originator = 'Cbench';
const client = new CseClient({
  url: values.url,
  originator,
  releaseVersion: '3',
  timeout: 30_000,
  maxInFlight,
  inFlight: values.adaptive ? 'adaptive' : 'fixed',
});
const links = [{ objectId: 1 }, { objectId: 3 }, { objectId: 3303 }, { objectId: 3311 }].map((link) => ({
  ...link,
  instanceId: 0,
}));

const ownAe = `${values.prefix}ipe`;
await client.create(ResourceType.ae, BASE, { rn: ownAe, api: 'Nbench', rr: false, srv: ['3'] });
/** As the bridge has it unless it is configured otherwise, where the CSE has no rules for types of children. */
const privileges = { discover: [], read: ['all'], subscribe: [], command: [], administer: [] };
const policy = await client.create(
  ResourceType.acp,
  BASE,
  { rn: `${values.prefix}policy`, ...accessControlPolicy({ originator, privileges }, false) },
  { originator: administrator },
);

const requests = new DeviceRequests(client, {
  administrator,
  policy: policy.ri ?? `${BASE}/${values.prefix}policy`,
});

function registrationOf(number: number): Registration {
  return {
    id: 'none',
    endpoint: `${values.prefix}${number}`,
    peer: { address: '127.0.0.1', port: 1, key: '127.0.0.1:1' },
    lifetime: 3600,
    version: '1.1',
    binding: 'U',
    queueMode: false,
    objectLinks: { rootPath: '/', contentFormats: [110], contentFormatNames: [], links },
    registeredAt: 0,
    updatedAt: 0,
  };
}

const contexts = Array.from({ length: devices }, (_, number) => requests.contextOf(registrationOf(number)));
const create = (context: ResourceContext) => requests.create(context);
const update = (context: ResourceContext) => requests.update(context);
const remove = (context: ResourceContext) => requests.remove(context);
/** Requests a second of that work for every device, so many devices side by side that a request always waits. */
async function rate(work: (context: ResourceContext) => Promise<number>, some = contexts): Promise<number> {
  let next = 0;
  let asked = 0;
  const begun = performance.now();
  const worker = async (): Promise<void> => {
    for (let context = some[next++]; context !== undefined; context = some[next++]) {
      const made = await work(context);
      asked += made;
    }
  };
  await Promise.all(Array.from({ length: 2 * maxInFlight }, worker));
  return asked / ((performance.now() - begun) / 1000);
}

// The first requests of a process are the slow ones.
const first = contexts.slice(0, Math.ceil(devices / 5));
await rate(create, first);
await rate(update, first);
await rate(remove, first);
const requestsBefore = client.counters.requests;
const cpuBefore = process.cpuUsage();
const creates = await rate(create);
const updates = await rate(update);
const deletes = await rate(remove);
const { user, system } = process.cpuUsage(cpuBefore);
if (values.adaptive) process.stderr.write(`cse-rate: ${client.inFlightLimit} in flight in the end\n`);
const rates: CseRates = {
  creates,
  updates,
  deletes,
  cpu: (user + system) / (client.counters.requests - requestsBefore),
};
await client.delete(`${BASE}/${values.prefix}policy`);
await client.delete(`${BASE}/${ownAe}`);
await client.close();
// Whoever reads this ends the process.
process.stdout.write(`${JSON.stringify({ rates })}\n`);
