import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { silentLogger } from '../common/index.ts';
import { LmdbStore } from '../ipe/store/lmdb-store.ts';
import { decodeObjectLinks, type Registration } from '../lwm2m/index.ts';

const LINKS = '</>;rt="oma.lwm2m";ct="110 112",</1/0>;ver=1.1,</3/0>;ver=1.1,</4/0>,</5/0>,</6/0>,</7/0>,</3303/0>';
const RECORDS = 100_000;
const WRITES = 50_000;

function registration(number: number): Registration {
  const [address, port] = [`::ffff:10.${number >> 16}.${(number >> 8) & 255}.${number & 255}`, 56_830];
  return {
    id: `${number}`.padStart(22, 'x'),
    endpoint: `urn:imei:${`${number}`.padStart(15, '0')}`,
    peer: { address, port, key: `${address}#${port}` },
    lifetime: 86_400,
    version: '1.1',
    binding: 'U',
    queueMode: false,
    objectLinks: decodeObjectLinks(Buffer.from(LINKS)),
    registeredAt: Date.now(),
    updatedAt: Date.now(),
  };
}

/** Writers that flush each write before the next, spread over all records. */
async function writeRate(store: LmdbStore, records: readonly Registration[], concurrency: number) {
  const cpu = process.cpuUsage();
  const began = performance.now();
  const { commits } = store.counters;
  let next = 0;
  const writer = async () => {
    while (next < WRITES) {
      const record = records[(next * 7_919) % records.length] as Registration;
      next += 1;
      store.put('registration', record.endpoint, record);
      await store.flushed();
    }
  };
  await Promise.all(Array.from({ length: concurrency }, writer));
  const seconds = (performance.now() - began) / 1_000;
  const { user, system } = process.cpuUsage(cpu);
  return {
    concurrency,
    writesPerSecond: Math.round(WRITES / seconds),
    microsecondsOfCpuPerWrite: Number(((user + system) / WRITES).toFixed(1)),
    writesPerCommit: Number((WRITES / (store.counters.commits - commits)).toFixed(1)),
  };
}

/** Seconds until all records of a store have been read and checked. */
async function loadTime(path: string): Promise<number> {
  const began = performance.now();
  const store = LmdbStore.open({ path, logger: silentLogger });
  let found = 0;
  for (const { record } of store.entries('registration')) if (record.lifetime > 0) found += 1;
  const seconds = (performance.now() - began) / 1_000;
  await store.close();
  return found === RECORDS ? Number(seconds.toFixed(2)) : Number.NaN;
}

/** `node dist/bench/store-rate.js [directory]`: what a write costs, and how long a start takes with 100,000 registrations. */
async function measure(): Promise<void> {
  const path = mkdtempSync(join(process.argv[2] ?? tmpdir(), 'store-rate-'));
  try {
    const records = Array.from({ length: RECORDS }, (_, number) => registration(number));
    const store = LmdbStore.open({ path, logger: silentLogger });
    for (const record of records) store.put('registration', record.endpoint, record);
    await store.flushed();
    const rates: Awaited<ReturnType<typeof writeRate>>[] = [];
    for (const concurrency of [1, 32, 256]) rates.push(await writeRate(store, records, concurrency));
    await store.close();
    const report = { records: RECORDS, rates, secondsToLoad: await loadTime(path) };
    process.stdout.write(`${JSON.stringify(report, undefined, 2)}\n`);
  } finally {
    rmSync(path, { recursive: true, force: true });
  }
}

await measure();
