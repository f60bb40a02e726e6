import { parseArgs } from 'node:util';
import { CseClient, ResourceType } from '../cse-client/index.ts';
import { UNANSWERED } from '../ipe/bridge/whole-write.ts';
import { Lwm2mServer, type Path, type Registration, type Report } from '../lwm2m/index.ts';
import { BASE, DeviceRequests } from './device-requests.ts';
import { serve } from './serve.ts';

// The LwM2M server and the CSE client with nothing between them: the very requests of the bridge, yet nothing is looked
// after, remembered, told or put right. What these two cost is what the whole bridge can reach at best. One JSON line when ready.

const { values } = parseArgs({
  options: {
    url: { type: 'string', default: 'http://127.0.0.1:8080' },
    'in-flight': { type: 'string', default: '32' },
    observe: { type: 'boolean', default: false },
  },
});
const OBSERVED: Path = { objectId: 3303, instanceId: 0 };

const client = new CseClient({
  url: values.url,
  originator: 'Cbench',
  releaseVersion: '3',
  timeout: 30_000,
  maxInFlight: Number(values['in-flight']),
});
const requests = new DeviceRequests(client, { policy: 'acp-bench' });
const server = new Lwm2mServer(
  {
    coap: { host: '127.0.0.1', port: 0 },
    lifetime: { min: 1, max: 31_536_000, default: 86_400 },
    report: ({ registration, nodes }: Report) => {
      for (const node of nodes) {
        const parent = `${BASE}/${registration.endpoint}/3303_0/${node.path.resourceId}`;
        void client.create(ResourceType.contentInstance, parent, { con: node.value as number }, UNANSWERED);
      }
    },
  },
  {
    register: async (registration) => {
      await requests.create(requests.contextOf(registration));
      if (values.observe) setImmediate(() => void observe(registration));
      return undefined;
    },
    update: async (registration) => {
      await requests.update(requests.contextOf(registration));
      return undefined;
    },
    deregister: remove,
    expire: remove,
  },
);

async function remove(registration: Registration): Promise<undefined> {
  await requests.remove(requests.contextOf(registration));
}

async function observe({ endpoint }: Registration): Promise<void> {
  const { kind } = await server.perform(endpoint, { type: 'observe', path: OBSERVED });
  if (kind !== 'success') process.stderr.write(`direct-server: ${endpoint} is not observed: ${kind}\n`);
}

await serve(server, () => client.close());
