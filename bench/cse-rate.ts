import { parseArgs } from 'node:util';
import { CseClient, formatTimestamp, ResourceType } from '../cse-client/index.ts';
import { UNANSWERED } from '../ipe/bridge/whole-write.ts';
import { accessControlPolicy } from '../ipe/cse/access.ts';
import type { Registration } from '../lwm2m/index.ts';
import {
  AE_ATTRIBUTES,
  CONTAINER_ATTRIBUTES,
  containerContext,
  containerName,
  createAttributes,
  endpointNames,
  NODE_ATTRIBUTES,
  type ResourceContext,
  renewalAttributes,
} from '../mappings/index.ts';

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
    base: { type: 'string', default: 'cse-in' },
    devices: { type: 'string', default: '1000' },
    'in-flight': { type: 'string', default: '8' },
    adaptive: { type: 'boolean', default: false },
    administrator: { type: 'string', default: 'CAdmin' },
    prefix: { type: 'string', default: 'raw-' },
  },
});
const devices = Number(values.devices);
const maxInFlight = Number(values['in-flight']);
const { base, administrator } = values;
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
await client.create(ResourceType.ae, base, { rn: ownAe, api: 'Nbench', rr: false, srv: ['3'] });
/** As the bridge has it unless it is configured otherwise, where the CSE has no rules for types of children. */
const privileges = { discover: [], read: ['all'], subscribe: [], command: [], administer: [] };
const policy = await client.create(
  ResourceType.acp,
  base,
  { rn: `${values.prefix}policy`, ...accessControlPolicy({ originator, privileges }, false) },
  { originator: administrator },
);

function contextOf(number: number): ResourceContext {
  const endpoint = `${values.prefix}${number}`;
  const registration: Registration = {
    id: 'none',
    endpoint,
    peer: { address: '127.0.0.1', port: 1, key: '127.0.0.1:1' },
    lifetime: 3600,
    version: '1.1',
    binding: 'U',
    queueMode: false,
    objectLinks: { rootPath: '/', contentFormats: [110], contentFormatNames: [], links },
    registeredAt: 0,
    updatedAt: 0,
  };
  return {
    registration,
    names: endpointNames(endpoint, { nodePrefix: 'node-', maxLength: undefined }),
    labels: { lwm2m: true, interworking: true, extra: [] },
    expirationTime: formatTimestamp(Date.now() + 3_600_000, client.dialect),
    accessControlPolicy: policy.ri ?? `${base}/${values.prefix}policy`,
    nodeLink: undefined,
    releaseVersion: '3',
    hostedAeLinksKept: true,
    containerOntologyRef: true,
  };
}

const contexts = Array.from({ length: devices }, (_, number) => contextOf(number));
const aePath = (context: ResourceContext): string => `${base}/${context.names.resourceName}`;
const nodePath = (context: ResourceContext): string => `${base}/${context.names.nodeName}`;

async function create(context: ResourceContext): Promise<number> {
  const { names } = context;
  const node = createAttributes(NODE_ATTRIBUTES, context);
  const { ri: nodeLink } = await client.create(ResourceType.node, base, node, { originator: administrator });
  const ae = createAttributes(AE_ATTRIBUTES, { ...context, nodeLink });
  await client.create(ResourceType.ae, base, ae, { originator: names.aeId, ...UNANSWERED });
  const containers = links.map((link) =>
    client.create(
      ResourceType.container,
      aePath(context),
      createAttributes(CONTAINER_ATTRIBUTES, containerContext(context, link)),
      UNANSWERED,
    ),
  );
  await Promise.all(containers);
  return 2 + links.length;
}

async function update(context: ResourceContext): Promise<number> {
  await client.update(ResourceType.ae, aePath(context), renewalAttributes(AE_ATTRIBUTES, context), UNANSWERED);
  const containers = links.map((link) => {
    const attributes = renewalAttributes(CONTAINER_ATTRIBUTES, containerContext(context, link));
    const path = `${aePath(context)}/${containerName(link)}`;
    return client.update(ResourceType.container, path, attributes, UNANSWERED);
  });
  const node = renewalAttributes(NODE_ATTRIBUTES, context);
  await Promise.all([...containers, client.update(ResourceType.node, nodePath(context), node, UNANSWERED)]);
  return 2 + links.length;
}

async function remove(context: ResourceContext): Promise<number> {
  await client.delete(aePath(context));
  await client.delete(nodePath(context));
  return 2;
}

/** Requests a second of that work for every device, so many devices side by side that a request always waits. */
async function rate(work: (context: ResourceContext) => Promise<number>, some = contexts): Promise<number> {
  let next = 0;
  let requests = 0;
  const begun = performance.now();
  const worker = async (): Promise<void> => {
    for (let context = some[next++]; context !== undefined; context = some[next++]) {
      const made = await work(context);
      requests += made;
    }
  };
  await Promise.all(Array.from({ length: 2 * maxInFlight }, worker));
  return requests / ((performance.now() - begun) / 1000);
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
await client.delete(`${base}/${values.prefix}policy`);
await client.delete(`${base}/${ownAe}`);
await client.close();
// Whoever reads this ends the process.
process.stdout.write(`${JSON.stringify({ rates })}\n`);
