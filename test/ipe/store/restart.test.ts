import { describe, expect, it } from 'vitest';
import { silentLogger } from '../../../common/index.ts';
import { journalKey } from '../../../ipe/store/journal-record.ts';
import { MemoryStore } from '../../../ipe/store/memory-store.ts';
import { type RestartParts, restart } from '../../../ipe/store/restart.ts';
import type { StoredTree } from '../../../ipe/store/tree-record.ts';
import { parsePath, type Registration } from '../../../lwm2m/index.ts';
import { HeldClock } from '../../support/held-clock.ts';
import { registrationOf, SAMPLES } from './samples.ts';

const CSE = 'http://127.0.0.1/cse-in';

function treeOf(endpoint: string): StoredTree {
  const names = { resourceName: endpoint, aeId: `C${endpoint}`, nodeName: `node-${endpoint}` };
  const { objectLinks } = registrationOf(endpoint);
  return { ...SAMPLES.tree, endpoint, names, objectLinks, expiresAt: 1_900_000_000_000 };
}

/** A store with devices; `registered` seconds ago, of 300. */
function desk({ registered = 10, alive = 5 }: { registered?: number; alive?: number } = {}) {
  const clock = new HeldClock();
  const store = new MemoryStore();
  const put = (endpoint: string) =>
    store.put('registration', endpoint, {
      ...registrationOf(endpoint),
      updatedAt: clock.wall() - registered * 1_000,
    });
  store.put('setting', 'aliveAt', clock.wall() - alive * 1_000);
  store.put('setting', 'cse', CSE);
  const told: string[] = [];
  const parts: RestartParts = {
    store,
    server: {
      restore: ({ endpoint }) => {
        told.push(`restore ${endpoint}`);
        return true;
      },
      restoreObservation: ({ endpoint }) => endpoint === 'dev',
      attend: async (id, work) => {
        await work({ id, endpoint: id } as Registration);
        return true;
      },
    },
    bridge: {
      restore: (tree) => ({ ...tree, incarnation: 0 }),
      abandon: ({ endpoint }) => void told.push(`abandon ${endpoint}`),
      expect: ({ endpoint }) => void told.push(`make ${endpoint}`),
    },
    backlog: { add: (endpoint) => void told.push(`catch up ${endpoint}`) },
    removals: { add: (paths) => void told.push(...paths.map((path) => `delete ${path}`)) },
    restored: ({ endpoint }, tree, observing) =>
      void told.push(`follow ${endpoint} ${tree.names.resourceName} ${observing}`),
    cse: CSE,
    clock,
    logger: silentLogger,
  };
  return { store, put, told, parts };
}

describe('a restart', () => {
  it('takes up each registration with the time of its last Update', () => {
    const { store, put, parts } = desk();
    const restored: Registration[] = [];
    const restore = (registration: Registration) => restored.push(registration) > 0;
    for (const endpoint of ['dev', 'early', 'other']) put(endpoint);
    const updatedAt = parts.clock.wall() - 10_000;
    store.put('update', 'dev', { id: 'id-dev', updatedAt: updatedAt + 5_000 });
    // The clock was set back after the registration was recorded; and an Update of an earlier registration.
    store.put('update', 'early', { id: 'id-early', updatedAt: updatedAt - 5_000 });
    store.put('update', 'other', { id: 'id-before', updatedAt: updatedAt + 5_000 });
    store.put('update', 'gone', { id: 'id-gone', updatedAt: updatedAt + 5_000 });
    restart({ ...parts, server: { ...parts.server, restore } });
    expect(restored.map(({ endpoint, updatedAt: at }) => [endpoint, at - updatedAt])).toEqual([
      ['dev', 5_000],
      ['early', 0],
      ['other', 0],
    ]);
    expect([...store.entries('update')].map(({ key }) => key)).not.toContain('gone');
  });

  it('takes up each registration with its tree, and relies on observations that devices still hold', () => {
    const { store, put, told, parts } = desk();
    for (const endpoint of ['a', 'dev']) {
      put(endpoint);
      store.put('tree', endpoint, treeOf(endpoint));
    }
    const token = Buffer.from('0a', 'hex');
    const observation = { registrationId: 'id-dev', token, paths: [parsePath('/3/0')], composite: false };
    store.put('observation', '0a', { endpoint: 'dev', ...observation, format: undefined });
    store.put('observation', '0b', { endpoint: 'gone', ...observation, format: undefined });
    expect(restart(parts)).toEqual({ registrations: 2, observations: 1, withoutTree: 0, removals: 0, complete: true });
    expect(told).toEqual(['restore a', 'restore dev', 'follow a a true', 'follow dev dev true']);
    expect([...store.entries('observation')].map(({ key }) => key)).toEqual(['0a']);
  });

  it('after more than 45 s asks for observations anew, since devices may have given them up (RFC 7641 4.5)', () => {
    const { store, put, told, parts } = desk({ alive: 46 });
    put('dev');
    store.put('tree', 'dev', treeOf('dev'));
    restart(parts);
    expect(told).toContain('follow dev dev false');
  });

  it('makes trees that are missing, and deletes those that belong to no registration', async () => {
    const { store, put, told, parts } = desk();
    for (let i = 0; i < 20; i += 1) put(`dev-${i}`);
    store.put('tree', 'left', treeOf('left'));
    expect(restart(parts)).toMatchObject({ registrations: 20, withoutTree: 20 });
    await new Promise((done) => setImmediate(done));
    expect(told.filter((line) => line.startsWith('make'))).toHaveLength(20);
    expect(told.filter((line) => line.startsWith('abandon'))).toEqual(['abandon left']);
  });

  it('brings trees to what was accepted and not carried out', () => {
    const { store, put, told, parts } = desk();
    for (const endpoint of ['changed', 'late', 'well']) put(endpoint);
    store.put('tree', 'well', treeOf('well'));
    store.put('tree', 'changed', { ...treeOf('changed'), version: '1.0' });
    store.put('tree', 'late', { ...treeOf('late'), expiresAt: parts.clock.wall() + 1_000 });
    restart(parts);
    expect(told.filter((line) => line.startsWith('catch up'))).toEqual(['catch up changed', 'catch up late']);
  });

  it('goes on with what was still to be deleted', () => {
    const { store, told, parts } = desk();
    const work = { work: 'remove', path: 'cse-in/old', since: 1 } as const;
    store.put('journal', journalKey(work), work);
    expect(restart(parts).removals).toBe(1);
    expect(told).toEqual(['delete cse-in/old']);
  });

  it('leaves one whose lifetime is over to its end: nobody follows it, no tree is made for it', async () => {
    const { store, put, told, parts } = desk({ registered: 316 });
    put('with');
    put('without');
    store.put('tree', 'with', treeOf('with'));
    restart(parts);
    await new Promise((done) => setImmediate(done));
    expect(told).toEqual(['restore with', 'restore without']);
  });

  it.each([
    ['another CSE', 'http://127.0.0.1/other'],
    ['a CSE that forgets', undefined],
  ])('with %s forgets the trees of the last one and makes all anew', async (_which, cse) => {
    const { store, put, told, parts } = desk();
    put('dev');
    store.put('tree', 'dev', treeOf('dev'));
    const work = { work: 'remove', path: 'cse-in/old', since: 1 } as const;
    store.put('journal', journalKey(work), work);
    restart({ ...parts, cse });
    await new Promise((done) => setImmediate(done));
    expect(told).toEqual(['restore dev', 'make dev']);
    expect([...store.entries('tree'), ...store.entries('journal')]).toEqual([]);
    expect([...store.entries('setting')].find(({ key }) => key === 'cse')?.record).toBe(cse);
  });

  it('where other rules hold makes every tree anew, also after a run that could not', () => {
    const { store, put, told, parts } = desk();
    put('dev');
    store.put('tree', 'dev', treeOf('dev'));
    restart({ ...parts, access: 'other rules' });
    restart({ ...parts, access: 'other rules' });
    expect(told).toEqual(['restore dev', 'make dev', 'restore dev', 'make dev']);
  });

  it('at an address where another CSE is forgets the trees of the last one and makes all anew', () => {
    const { store, put, told, parts } = desk();
    put('dev');
    store.put('tree', 'dev', treeOf('dev'));
    expect(restart({ ...parts, replaced: true })).toMatchObject({ withoutTree: 1, complete: false });
    expect(told).toEqual(['restore dev', 'make dev']);
    expect([...store.entries('tree')]).toEqual([]);
  });

  it('that cannot take up a tree under its name deletes that one and makes another', async () => {
    const { store, put, told, parts } = desk();
    put('dev');
    store.put('tree', 'dev', treeOf('dev'));
    restart({ ...parts, bridge: { ...parts.bridge, restore: () => undefined } });
    await new Promise((done) => setImmediate(done));
    expect(told).toEqual(['restore dev', 'abandon dev', 'make dev']);
  });
});
