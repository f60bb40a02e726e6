import { parseArgs } from 'node:util';
import { errorMessage, IpeError } from '../common/index.ts';
import { Lwm2mServer, type RegistrationHandler } from '../lwm2m/index.ts';

/** The LwM2M side alone: every registration is accepted, at once. One JSON line when ready, one at the end. */

const ACCEPT_ALL: RegistrationHandler = {
  register: () => undefined,
  update: () => undefined,
  deregister: () => undefined,
  expire: () => undefined,
};
const GRACE = 1_000;

function print(facts: Record<string, unknown>): void {
  process.stdout.write(`${JSON.stringify(facts)}\n`);
}

/** Bytes in use; the heap after a collection where `--expose-gc` lets us have one. */
function memory(): Record<string, number> {
  globalThis.gc?.();
  const { rss, heapUsed, heapTotal, external, arrayBuffers } = process.memoryUsage();
  return { rss, heapUsed, heapTotal, external, arrayBuffers };
}

function portNumber(text: string): number {
  const port = /^\d{1,5}$/.test(text) ? Number(text) : Number.NaN;
  if (!(port <= 65_535)) throw new IpeError('bench/port', `--port must be a number from 0 to 65535, not "${text}"`);
  return port;
}

async function main(): Promise<void> {
  const { values } = parseArgs({
    options: { port: { type: 'string', default: '0' }, host: { type: 'string', default: '127.0.0.1' } },
  });
  const server = new Lwm2mServer(
    {
      coap: { host: values.host, port: portNumber(values.port) },
      lifetime: { min: 1, max: 31_536_000, default: 86_400 },
    },
    ACCEPT_ALL,
  );
  const { address, port } = await server.start();
  const alive = setInterval(() => {}, 1 << 30);
  const report = () => ({
    registered: server.registrations.size,
    ...server.counters.registration,
    coap: server.counters.coap,
    memory: memory(),
    cpu: process.cpuUsage(),
  });
  const end = async () => {
    await server.stop(GRACE);
    print({ ended: true, ...report() });
    clearInterval(alive);
  };
  process.once('SIGINT', end).once('SIGTERM', end);
  process.on('SIGUSR2', () => print(report()));
  print({ ready: true, address, port, pid: process.pid });
}

main().catch((error: unknown) => {
  process.stderr.write(`${errorMessage(error)}\n`);
  process.exitCode = 1;
});
