import { parseArgs } from 'node:util';
import { CseClient, ResourceType } from '../../cse-client/index.ts';

// What the CSE client alone reaches: the requests that the bridge makes for notifications, without a device, in a
// process of its own. Prints one line of JSON.

/** What the client alone came to. */
export interface ValueRate {
  /** contentInstances created a second. */
  readonly creates: number;
  /** Microseconds of CPU of this process for one. */
  readonly cpu: number;
}

/** Containers among which the values are dealt. */
const PATHS = 500;

const { values } = parseArgs({
  options: {
    url: { type: 'string', default: 'http://127.0.0.1:8080' },
    base: { type: 'string', default: 'cse-in' },
    values: { type: 'string', default: '10000' },
    'in-flight': { type: 'string', default: '32' },
  },
});
const maxInFlight = Number(values['in-flight']);
const client = new CseClient({
  url: values.url,
  originator: 'Cbench',
  releaseVersion: '3',
  timeout: 30_000,
  maxInFlight,
});

async function create(count: number, prefix: string): Promise<number> {
  let next = 0;
  const begun = performance.now();
  const worker = async (): Promise<void> => {
    for (let number = next++; number < count; number = next++) {
      const parent = `${values.base}/busy-${number % PATHS}/3303_0/5700`;
      // Values of devices are numbered from zero; these must not be taken for some.
      await client.create(ResourceType.contentInstance, parent, { rn: `${prefix}-${number.toString(36)}`, con: -1 });
    }
  };
  await Promise.all(Array.from({ length: 2 * maxInFlight }, worker));
  return count / ((performance.now() - begun) / 1000);
}

const count = Number(values.values);
// The first requests of a process are the slow ones.
await create(Math.ceil(count / 2), 'vfirst00');
const cpuBefore = process.cpuUsage();
const creates = await create(count, 'vraw00000');
const { user, system } = process.cpuUsage(cpuBefore);
const rate: ValueRate = { creates, cpu: (user + system) / count };
process.stdout.write(`${JSON.stringify({ rate })}\n`);
await client.close();
