import { describe, expect, it } from 'vitest';
import { MemoryStore } from '../../../ipe/store/memory-store.ts';
import type { Kind } from '../../../ipe/store/records.ts';
import type { Store } from '../../../ipe/store/store.ts';
import { KIND_SAMPLES, registrationOf } from './samples.ts';
import { openTemporary, temporaryDirectory } from './temporary-store.ts';

const STORES: [string, () => Store][] = [
  ['memory', () => new MemoryStore()],
  ['lmdb', () => openTemporary(temporaryDirectory())],
];

const keys = (store: Store, kind: Kind) => [...store.entries(kind)].map(({ key }) => key);

describe.each(STORES)('a store of kind %s', (_name, open) => {
  it.each(KIND_SAMPLES)('gives back records of kind %s', async (kind, record) => {
    const store = open();
    store.put(kind, 'a key', record);
    await store.flushed();
    expect([...store.entries(kind)]).toEqual([{ key: 'a key', record }]);
  });

  it('holds the last record of a key, and none that was removed', async () => {
    const store = open();
    store.put('registration', 'a', registrationOf('a', 1));
    store.put('registration', 'a', registrationOf('a', 2));
    store.put('registration', 'b', registrationOf('b'));
    store.remove('registration', 'b');
    store.remove('registration', 'c');
    await store.flushed();
    expect([...store.entries('registration')].map(({ record }) => record.peer.port)).toEqual([2]);
    store.remove('registration', 'a');
    store.put('registration', 'b', registrationOf('b'));
    await store.flushed();
    expect(keys(store, 'registration')).toEqual(['b']);
  });

  it('keeps kinds apart', async () => {
    const store = open();
    for (const [kind, record] of KIND_SAMPLES) store.put(kind, 'same', record);
    store.remove('setting', 'same');
    await store.flushed();
    for (const [kind] of KIND_SAMPLES) expect(keys(store, kind)).toEqual(kind === 'setting' ? [] : ['same']);
  });

  it('gives what is ordered within a device in that order', async () => {
    const store = open();
    const places = [70_000, 3, 255, 256, 2 ** 40, 16, 0];
    for (const owner of ['urn:b', 'urn:a', 'urn:ä', 'urn:a\u{1f600}']) {
      for (const place of places) store.put('setting', `${owner}\t${place.toString(16).padStart(13, '0')}`, place);
    }
    await store.flushed();
    const ofA = [...store.entries('setting')].filter(({ key }) => key.startsWith('urn:a\t'));
    expect(ofA.map(({ record }) => record)).toEqual(places.toSorted((a, b) => a - b));
  });

  it('is flushed at once when nothing waits', async () => {
    const store = open();
    await store.flushed();
    expect(store).toMatchObject({ pending: 0, fault: undefined });
    await store.close();
    await store.close();
  });
});
