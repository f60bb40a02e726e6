import { chmodSync, chownSync, readFileSync, statSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it, vi } from 'vitest';
import { type Logger, silentLogger } from '../../../common/index.ts';
import { LmdbStore } from '../../../ipe/store/lmdb-store.ts';
import { sealRecord } from '../../../ipe/store/record-format.ts';
import { RECORD_FORMATS, type RecordFormats } from '../../../ipe/store/records.ts';
import { registrationOf, SAMPLES } from './samples.ts';
import { openTemporary, temporaryDirectory } from './temporary-store.ts';

const GIB = 2 ** 30;

async function filled(path: string, records = 50): Promise<void> {
  const store = openTemporary(path);
  for (let i = 0; i < records; i += 1) store.put('registration', `ep-${i}`, registrationOf(`ep-${i}`));
  await store.close();
}

/** Logger that keeps what it was told. */
function listening(): { logger: Logger; lines: string[] } {
  const lines: string[] = [];
  const note = (message: string) => void lines.push(message);
  const logger = { ...silentLogger, error: note, warn: note, info: note };
  return { logger, lines };
}

describe('a store on the disk', () => {
  it('is found again as it was left', async () => {
    const path = join(temporaryDirectory(), 'deep', 'store');
    await filled(path);
    const store = openTemporary(path);
    const found = [...store.entries('registration')];
    expect(found).toHaveLength(50);
    expect(found[0]?.record).toEqual(registrationOf('ep-0'));
  });

  it('is readable for its owner alone', async () => {
    const path = join(temporaryDirectory(), 'store');
    await filled(path, 1);
    expect(statSync(path).mode & 0o777).toBe(0o700);
  });

  it('shares a transaction among many that write at the same time', async () => {
    const store = openTemporary(temporaryDirectory());
    const writer = async (name: number) => {
      for (let i = 0; i < 20; i += 1) {
        store.put('setting', `${name} ${i}`, i);
        await store.flushed();
      }
    };
    await Promise.all(Array.from({ length: 32 }, (_, name) => writer(name)));
    expect(store.counters.writes).toBe(640);
    expect(store.counters.commits).toBeLessThan(120);
    expect([...store.entries('setting')]).toHaveLength(640);
  });

  it('refuses what is more than may wait, and still takes removals', async () => {
    const store = openTemporary(temporaryDirectory(), { limits: { writes: 2, bytes: GIB } });
    store.put('setting', 'a', 1);
    store.put('setting', 'b', 1);
    expect(() => store.put('setting', 'c', 1)).toThrow(
      expect.objectContaining({ code: 'store/busy', retryable: true }) as Error,
    );
    store.remove('setting', 'd');
    await store.flushed();
    store.put('setting', 'c', 1);
    const narrow = openTemporary(temporaryDirectory(), { limits: { writes: 9, bytes: 64 } });
    expect(() => narrow.put('setting', 'long', 'x'.repeat(80))).toThrow('too much waits');
  });

  it('puts a damaged record aside and gives the others', async () => {
    const path = temporaryDirectory();
    await filled(path, 3);
    const data = join(path, 'data.mdb');
    const bytes = readFileSync(data);
    const sealed = sealRecord(RECORD_FORMATS.registration, registrationOf('ep-1'));
    for (let at = bytes.indexOf(sealed); at >= 0; at = bytes.indexOf(sealed, at + 1)) bytes[at + 40] = 0x21;
    writeFileSync(data, bytes);
    const { logger, lines } = listening();
    const store = openTemporary(path, { logger });
    expect([...store.entries('registration')].map(({ key }) => key)).toEqual(['ep-0', 'ep-2']);
    expect(store.counters.quarantined).toBe(1);
    expect(lines).toEqual(['a damaged record was put aside']);
    await store.close();
    const again = openTemporary(path);
    expect([...again.entries('registration')]).toHaveLength(2);
    expect(again.counters.quarantined).toBe(0);
  });

  it('opens with a journal entry of a work that it does not know, and puts it aside', async () => {
    const path = temporaryDirectory();
    const unknown = { ...RECORD_FORMATS.journal, encode: () => ({ work: 'create', endpoint: 'ep-1', since: 1 }) };
    const before = openTemporary(path, { formats: { ...RECORD_FORMATS, journal: unknown } });
    before.put('journal', 'create\tep-1', { work: 'remove', path: '', since: 1 });
    await before.close();
    const removal = { work: 'remove', path: 'cse-in/old', since: 1 } as const;
    const store = openTemporary(path);
    store.put('journal', 'remove\tcse-in/old', removal);
    await store.flushed();
    expect([...store.entries('journal')].map(({ record }) => record)).toEqual([removal]);
    expect(store.counters.quarantined).toBe(1);
  });

  it('migrates records of an old format, once', async () => {
    const path = temporaryDirectory();
    const old: RecordFormats = {
      ...RECORD_FORMATS,
      setting: { version: 1, encode: (value) => ({ old: value }), decode: (json) => (json as { old: string }).old },
    };
    const now: RecordFormats = {
      ...RECORD_FORMATS,
      setting: { ...RECORD_FORMATS.setting, version: 2, migrations: { 1: (json) => (json as { old: string }).old } },
    };
    const before = openTemporary(path, { formats: old });
    before.put('setting', 'name', 'kept');
    await before.close();
    const migrating = openTemporary(path, { formats: now });
    expect([...migrating.entries('setting')]).toEqual([{ key: 'name', record: 'kept' }]);
    await migrating.close();
    expect(migrating.counters.writes).toBe(1);
    const after = openTemporary(path, { formats: now });
    expect([...after.entries('setting')]).toEqual([{ key: 'name', record: 'kept' }]);
    expect(after.counters.writes).toBe(0);
  });
});

describe('a store that cannot be opened says why:', () => {
  const code = (path: string) => {
    try {
      openTemporary(path);
      return 'opened';
    } catch (error) {
      expect((error as Error).message).toContain(path);
      return (error as { code: string }).code;
    }
  };

  it('another has it', async () => {
    const path = temporaryDirectory();
    const first = openTemporary(path);
    expect(code(path)).toBe('store/locked');
    await first.close();
    expect(code(path)).toBe('opened');
  });

  it('a newer version wrote it', async () => {
    const path = temporaryDirectory();
    await filled(path);
    writeFileSync(join(path, 'format'), 'lwm2m-ipe store 2\n');
    expect(code(path)).toBe('store/newer');
    writeFileSync(join(path, 'format'), 'something else');
    expect(code(path)).toBe('store/damaged');
  });

  it.each([
    ['is not a database', (data: string) => writeFileSync(data, Buffer.alloc(100_000, 0x5a))],
    ['is empty', (data: string) => writeFileSync(data, '')],
    ['holds a few bytes', (data: string) => writeFileSync(data, 'hello')],
  ])('its data file %s', async (_what, damage) => {
    const path = temporaryDirectory();
    await filled(path);
    damage(join(path, 'data.mdb'));
    expect(code(path)).toBe('store/damaged');
  });

  it.each([
    ['cut short', (data: string, size: number) => truncateSync(data, size / 2)],
    [
      'overwritten in the middle',
      (data: string, size: number) => {
        const bytes = readFileSync(data);
        writeFileSync(data, bytes.fill(0xff, 12_288, size));
      },
    ],
  ])('its data file is %s, found when it is opened or read at the latest', async (_what, damage) => {
    const path = temporaryDirectory();
    await filled(path, 2_000);
    const data = join(path, 'data.mdb');
    damage(data, statSync(data).size);
    const read = () => [...openTemporary(path).entries('registration')];
    expect(read).toThrow(expect.objectContaining({ code: 'store/damaged' }) as Error);
  });

  it('the path is a file', () => {
    const path = join(temporaryDirectory(), 'file');
    writeFileSync(path, '');
    expect(code(path)).toBe('store/path');
    expect(code(join(path, 'below'))).toBe('store/path');
  });

  it.runIf(process.geteuid?.() === 0)('its files belong to another user', async () => {
    const path = temporaryDirectory();
    await filled(path);
    chownSync(join(path, 'data.mdb'), 12_345, 12_345);
    expect(code(path)).toBe('store/owner');
  });

  it.skipIf(process.geteuid?.() === 0)('it may not be written', async () => {
    const path = temporaryDirectory();
    await filled(path);
    chmodSync(path, 0o500);
    expect(code(path)).toBe('store/permissions');
    chmodSync(path, 0o700);
  });
});

describe('a full disk', () => {
  it('is said before anything fails half-way, keeps what waits, and is over when there is room', async () => {
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
    try {
      let room = 0;
      const path = temporaryDirectory();
      const { logger, lines } = listening();
      const store = openTemporary(path, { logger, free: async () => room });
      store.put('setting', 'a', 1);
      await expect(store.flushed()).rejects.toMatchObject({ code: 'store/full', retryable: true });
      store.put('setting', 'a', 2);
      store.put('setting', 'b', 1);
      await expect(store.flushed()).rejects.toMatchObject({ code: 'store/full' });
      expect(store).toMatchObject({ pending: 2, fault: { code: 'store/full' } });
      await vi.advanceTimersByTimeAsync(500);
      await vi.waitUntil(() => store.counters.failures === 2);
      room = GIB;
      await vi.advanceTimersByTimeAsync(1_000);
      await vi.waitUntil(() => store.fault === undefined);
      expect([...store.entries('setting')].map(({ key, record }) => `${key} ${record}`)).toEqual(['a 2', 'b 1']);
      expect(lines).toEqual(['the store cannot be written', 'the store can be written again']);
      await store.flushed();
    } finally {
      vi.useRealTimers();
    }
  });

  it('takes removals, for a value that was delivered meanwhile must not come back after a kill', async () => {
    const path = temporaryDirectory();
    // Enough for three records beside what is left alone.
    let room = (16 << 20) + 55_000;
    const store = openTemporary(path, { free: async () => room });
    for (const key of ['a', 'b', 'c']) store.put('setting', key, 1);
    await store.flushed();
    room = 0;
    const keys = () => [...store.entries('setting')].map(({ key }) => key);
    store.put('setting', 'd', 1);
    store.remove('setting', 'a');
    await expect(store.flushed()).rejects.toMatchObject({ code: 'store/full' });
    expect(keys()).toEqual(['b', 'c']);
    store.remove('setting', 'b');
    store.put('setting', 'e', 1);
    store.remove('setting', 'e');
    await vi.waitUntil(() => !keys().includes('b'));
    expect(keys()).toEqual(['c']);
    expect(store.fault).toMatchObject({ code: 'store/full' });
    room = GIB;
    await vi.waitUntil(() => store.fault === undefined, { timeout: 5_000 });
    await store.flushed();
    expect(keys()).toEqual(['c', 'd']);
  });

  it('that holds nothing but removals is no fault any more when these are done', async () => {
    let room = 0;
    const store = openTemporary(temporaryDirectory(), { free: async () => room });
    store.put('setting', 'a', 1);
    await expect(store.flushed()).rejects.toMatchObject({ code: 'store/full' });
    store.remove('setting', 'a');
    await vi.waitUntil(() => store.fault === undefined, { timeout: 5_000 });
    room = GIB;
    store.put('setting', 'b', 1);
    await store.flushed();
    expect(store.pending).toBe(0);
  });

  it('is tried for as long as a stop may take, into what is left alone else', async () => {
    let room = 10 << 20;
    const store = LmdbStore.open({ path: temporaryDirectory(), logger: listening().logger, free: async () => room });
    store.put('setting', 'a', 1);
    const closed = store.close(10_000);
    await vi.waitUntil(() => store.counters.failures >= 2, { timeout: 5_000 });
    room = 15 << 20;
    expect([...(await closed)]).toEqual([]);
  });

  it('does not keep a stop from ending, and what is lost is told', async () => {
    const { logger, lines } = listening();
    const store = LmdbStore.open({ path: temporaryDirectory(), logger, free: async () => 0 });
    store.put('setting', 'a', 1);
    store.put('value', 'v', SAMPLES.value);
    store.remove('setting', 'c');
    expect([...(await store.close())]).toEqual([
      ['setting', 1],
      ['value', 1],
    ]);
    expect(lines).toContain('the store could not be written before the end');
    expect(() => store.put('setting', 'b', 1)).toThrow(expect.objectContaining({ code: 'store/closed' }) as Error);
  });
});
