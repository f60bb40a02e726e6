import { readFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { errorMessage } from '../common/index.ts';
import { CoapEndpoint, DtlsServer } from '../lwm2m/index.ts';

/** CoAP over DTLS alone: every request is answered, every PSK identity has the same key. A JSON line at first and at the end. */

const KEY = Buffer.from('000102030405060708090a0b0c0d0e0f', 'hex');

function print(facts: Record<string, unknown>): void {
  process.stdout.write(`${JSON.stringify(facts)}\n`);
}

async function main(): Promise<void> {
  const { values } = parseArgs({
    options: {
      port: { type: 'string', default: '0' },
      host: { type: 'string', default: '127.0.0.1' },
      certificate: { type: 'string' },
      key: { type: 'string' },
      ca: { type: 'string' },
    },
  });
  const { host, certificate, key, ca } = values;
  const files = certificate !== undefined && key !== undefined && ca !== undefined;
  const pem = (file: string | undefined) => readFileSync(file ?? '', 'utf8');
  const server = new DtlsServer({
    host,
    port: Number(values.port),
    credential: () => KEY,
    ...(files && { certificate: { chain: pem(certificate), privateKey: pem(key), authorities: pem(ca) } }),
  });
  const endpoint = new CoapEndpoint({ host, port: 0, transport: server }, () => ({ code: '2.04' }));
  const { port } = await endpoint.listen();
  const alive = setInterval(() => {}, 1 << 30);
  const report = () => {
    globalThis.gc?.();
    const { held, counters } = server;
    return { held, counters, coap: endpoint.counters, memory: process.memoryUsage(), cpu: process.cpuUsage() };
  };
  const end = async () => {
    print({ ended: true, ...report() });
    await endpoint.close(0);
    clearInterval(alive);
  };
  process.once('SIGINT', end).once('SIGTERM', end);
  process.on('SIGUSR2', () => print(report()));
  print({ ready: true, port, pid: process.pid, ...server.capabilities });
}

main().catch((error: unknown) => {
  process.stderr.write(`${errorMessage(error)}\n`);
  process.exitCode = 1;
});
