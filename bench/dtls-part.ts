import { setTimeout as pause } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { CertificateAuthority, type Issued } from '../test/support/certificates.ts';
import { Child } from './child.ts';
import { buildLeshanServer } from './leshan.ts';
import { type Metrics, progress, type Series, series } from './metrics.ts';
import type { BenchOptions } from './options.ts';
import { processUsage } from './process-usage.ts';
import { ready, type Subject } from './subjects.ts';

/** Rounds of our DTLS server, and of Leshan's where that was asked for. */
export interface DtlsResults {
  readonly ours: Series;
  readonly leshan?: Series;
}

/** The key of all identities, as `dtls-server` and `dtls-load` have it. */
const KEY = '000102030405060708090a0b0c0d0e0f';
/** Handshakes in progress at once; with fewer, both sides wait for each other more than they work. */
const PARALLEL = 64;
const WARM_UP = 5_000;
const HANDSHAKES = 20_000;
const CERTIFIED = 4_000;
/** Sessions side by side, and requests in each. */
const TALKING = 64;
const REQUESTS = 1_000;
/** Sessions that are kept, for their memory. */
const KEPT = 5_000;
const LOAD_LIMIT = 300_000;
/** Until what is no garbage any more has settled, ms. */
const SETTLE = 3_000;

const built = (file: string): string => fileURLToPath(new URL(file, import.meta.url));

/** What the load says of itself. */
interface Load {
  readonly handshakes: number;
  readonly handshakesPerSecond: number;
  readonly handshakeP50: number;
  readonly handshakeP99: number;
  readonly requests: number;
  readonly requestsPerSecond: number;
  readonly requestP50: number;
  readonly requestP99: number;
}

/** Who shows what in a handshake by certificate. */
interface Files {
  readonly server: Issued;
  readonly device: Issued;
  readonly authority: string;
}

/** CoAP over DTLS alone: ours, and Leshan's where asked for, in alternating rounds on a fresh process each. */
export async function measureDtls(options: BenchOptions): Promise<DtlsResults> {
  const jar = options.leshan ? await buildLeshanServer() : undefined;
  const authority = new CertificateAuthority();
  const files: Files = {
    server: authority.issue('localhost', { names: 'IP:127.0.0.1' }),
    device: authority.issue('device'),
    authority: authority.certificate,
  };
  const ours: Metrics[] = [];
  const leshan: Metrics[] = [];
  try {
    for (let round = 1; round <= options.rounds; round++) {
      const own = async () => void ours.push(await oneRound('lwm2m-ipe', round, startOurs, files, options));
      const other = async () => {
        if (jar === undefined) return;
        const start = (of: Files) => startLeshanSecured(jar, of);
        leshan.push(await oneRound('Leshan', round, start, files, options));
      };
      // Whoever goes first finds another machine than whoever goes second.
      for (const measure of round % 2 === 1 ? [own, other] : [other, own]) await measure();
    }
  } finally {
    authority.dispose();
  }
  return jar === undefined ? { ours: series(ours) } : { ours: series(ours), leshan: series(leshan) };
}

function startOurs({ server, authority }: Files): Promise<Subject> {
  const words = ['--certificate', server.certificate, '--key', server.privateKey, '--ca', authority];
  return ready(new Child('dtls-server', { words: [built('./dtls-server.js'), ...words] }), (line) => line.port);
}

function startLeshanSecured(jar: string, { server, authority }: Files): Promise<Subject> {
  const words = ['-jar', jar, '0', KEY, server.certificate, server.privateKey, authority];
  return ready(new Child('leshan-server', { command: 'java', words }), (line) => line.port);
}

async function oneRound(
  name: string,
  round: number,
  start: (files: Files) => Promise<Subject>,
  files: Files,
  { rounds, quick }: BenchOptions,
): Promise<Metrics> {
  progress(`DTLS, round ${round} of ${rounds}: ${name}`);
  const scale = quick ? 0.1 : 1;
  const subject = await start(files);
  const { device, authority } = files;
  const own = ['--certificate', device.certificate, '--key', device.privateKey, '--ca', authority];
  const certified = ['--cipher', 'ECDHE-ECDSA-AES128-CCM8', ...own];
  try {
    await play(subject, 'warm-', WARM_UP * scale);
    const psk = await play(subject, 'psk-', HANDSHAKES * scale);
    const ecdsa = await play(subject, 'ecdsa-', CERTIFIED * scale, certified);
    const talk = await play(subject, 'talk-', TALKING, ['--requests', String(REQUESTS * scale)], TALKING);
    await pause(SETTLE);
    const before = processUsage(subject.child.pid).resident;
    const kept = await play(subject, 'kept-', KEPT * scale, ['--keep']);
    await pause(SETTLE);
    const after = processUsage(subject.child.pid).resident;
    return {
      pskRate: psk.handshakesPerSecond,
      pskP50: psk.handshakeP50,
      pskP99: psk.handshakeP99,
      pskCpu: psk.cpu / psk.handshakes,
      ecdsaRate: ecdsa.handshakesPerSecond,
      ecdsaCpu: ecdsa.cpu / ecdsa.handshakes,
      requestRate: talk.requestsPerSecond,
      requestP50: talk.requestP50,
      requestP99: talk.requestP99,
      requestCpu: talk.cpu / talk.requests,
      sessionMemory: ((after - before) * 1e6) / kept.handshakes,
      failures: (HANDSHAKES + CERTIFIED + KEPT) * scale - psk.handshakes - ecdsa.handshakes - kept.handshakes,
    };
  } finally {
    await subject.child.stop();
  }
}

/** Has devices shake hands; `cpu` is what that cost the server, µs. */
async function play(
  subject: Subject,
  prefix: string,
  handshakes: number,
  more: readonly string[] = [],
  parallel = PARALLEL,
): Promise<Load & { readonly cpu: number }> {
  const words = ['--port', String(subject.port), '--handshakes', String(handshakes), '--prefix', prefix];
  const before = processUsage(subject.child.pid).cpu;
  const load = new Child('dtls-load', {
    words: [built('./dtls-load.js'), ...words, '--parallel', String(parallel), ...more],
  });
  try {
    const pick = (line: unknown) => ((line as Partial<Load>).handshakes === undefined ? undefined : (line as Load));
    const found = await load.next(pick, LOAD_LIMIT);
    return { ...found, cpu: (processUsage(subject.child.pid).cpu - before) * 1e6 };
  } finally {
    await load.stop();
  }
}
