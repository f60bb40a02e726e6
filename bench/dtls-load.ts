import { createSocket, type Socket } from 'node:dgram';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { errorMessage } from '../common/index.ts';
import { ClientContext, type ClientSettings, DtlsClient } from '../test/lwm2m/dtls/openssl-client.ts';

// Devices that shake hands with a CoAPS server on the loopback, in full, and ask it something. Prints one line of JSON. Run by itself:
//   node dist/bench/dtls-load.js --port 5684 --handshakes 10000 --parallel 8 --requests 0

const KEY = Buffer.from('000102030405060708090a0b0c0d0e0f', 'hex');
const GET = Buffer.from('40010000b3666f6f', 'hex');
/** How long an answer is waited for before the device sends again, ms. */
const PATIENCE = 1_000;

const { values } = parseArgs({
  options: {
    port: { type: 'string', default: '5684' },
    handshakes: { type: 'string', default: '10000' },
    parallel: { type: 'string', default: '8' },
    requests: { type: 'string', default: '0' },
    cipher: { type: 'string', default: 'PSK-AES128-CCM8' },
    keep: { type: 'boolean', default: false },
    prefix: { type: 'string', default: 'bench-' },
    certificate: { type: 'string' },
    key: { type: 'string' },
    ca: { type: 'string' },
  },
});

interface Tally {
  left: number;
  handshakes: number;
  requests: number;
  retransmissions: number;
  /** Milliseconds of handshakes and of requests. */
  handshakeTime: number[];
  requestTime: number[];
}

/** One handshake, the requests in it, and its end. */
async function session(context: ClientContext, socket: Socket, settings: ClientSettings, tally: Tally): Promise<void> {
  const client = new DtlsClient(context, settings, (datagram) => socket.send(datagram));
  const next = async (): Promise<Buffer[]> => {
    const timer = setInterval(() => {
      tally.retransmissions++;
      client.tick();
    }, PATIENCE);
    const [datagram] = (await once(socket, 'message')) as [Buffer];
    clearInterval(timer);
    return client.take(datagram);
  };
  const begun = performance.now();
  client.start();
  while (!client.established && !client.failed) await next();
  tally.handshakeTime.push(performance.now() - begun);
  if (client.established) tally.handshakes++;
  for (let i = 0; client.established && i < Number(values.requests); i++) {
    const asked = performance.now();
    GET.writeUInt16BE(i & 0xffff, 2);
    client.write(GET);
    while ((await next()).length === 0);
    tally.requestTime.push(performance.now() - asked);
    tally.requests++;
  }
  if (!values.keep) client.close();
  client.free();
}

async function device(context: ClientContext, tally: Tally): Promise<void> {
  for (let socket: Socket | undefined; tally.left > 0; ) {
    const number = tally.left--;
    if (socket === undefined || values.keep) {
      socket?.close();
      socket = createSocket({ type: 'udp4', recvBufferSize: 1 << 20 });
      socket.connect(Number(values.port), '127.0.0.1');
      await once(socket, 'connect');
    }
    await session(context, socket, { identity: `${values.prefix}${number}`, key: KEY }, tally);
    if (tally.left <= 0) socket.close();
  }
}

function percentile(times: readonly number[], share: number): number {
  const sorted = [...times].sort((a, b) => a - b);
  return Number((sorted[Math.floor(share * (sorted.length - 1))] ?? 0).toFixed(3));
}

async function main(): Promise<void> {
  const { certificate, key, ca } = values;
  const pem = (file: string | undefined) => readFileSync(file ?? '', 'utf8');
  const own = certificate && { chain: pem(certificate), privateKey: pem(key), authorities: pem(ca) };
  const context = await ClientContext.load(values.cipher, own || undefined);
  const tally: Tally = {
    left: Number(values.handshakes),
    handshakes: 0,
    requests: 0,
    retransmissions: 0,
    handshakeTime: [],
    requestTime: [],
  };
  const begun = performance.now();
  await Promise.all(Array.from({ length: Number(values.parallel) }, () => device(context, tally)));
  const seconds = (performance.now() - begun) / 1_000;
  const { handshakes, requests, retransmissions, handshakeTime, requestTime } = tally;
  process.stdout.write(
    `${JSON.stringify({
      seconds,
      handshakes,
      handshakesPerSecond: Math.round(handshakes / seconds),
      handshakeP50: percentile(handshakeTime, 0.5),
      handshakeP99: percentile(handshakeTime, 0.99),
      requests,
      requestsPerSecond: Math.round(requests / seconds),
      requestP50: percentile(requestTime, 0.5),
      requestP99: percentile(requestTime, 0.99),
      retransmissions,
      cpu: process.cpuUsage(),
    })}\n`,
  );
}

main().catch((error: unknown) => {
  process.stderr.write(`${errorMessage(error)}\n`);
  process.exitCode = 1;
});
