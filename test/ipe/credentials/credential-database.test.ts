import { mkdtempSync, readFileSync, rmSync, statSync, truncateSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { open } from 'lmdb';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type IpeError, silentLogger, systemClock } from '../../../common/index.ts';
import { makeKey } from '../../../ipe/credentials/credential.ts';
import { openCredentials } from '../../../ipe/credentials/open-credentials.ts';
import { openTemporary } from '../store/temporary-store.ts';

let path: string;
beforeEach(() => {
  path = mkdtempSync(join(tmpdir(), 'lwm2m-ipe-credentials-'));
});
afterEach(() => rmSync(path, { recursive: true, force: true }));

const opened = () => openCredentials(path, systemClock, silentLogger);

/** A database with credentials, closed; the name of its data file. */
async function filled(count: number): Promise<string> {
  const credentials = opened();
  const names = Array.from({ length: count }, (_, index) => `device-${index}`);
  await credentials.put(
    ...names.map((name) => ({ endpoint: name, identity: name, key: makeKey(), use: 'server', fresh: false }) as const),
  );
  credentials.close();
  return join(path, 'data.mdb');
}

/** What opening and reading it ends with. */
function outcome(): string {
  try {
    const credentials = opened();
    credentials.close();
    return `${credentials.size} credentials`;
  } catch (error) {
    return (error as IpeError).code;
  }
}

describe('a database of credentials', () => {
  it.each<[string, (data: string, size: number) => void]>([
    ['is not a database', (data) => writeFileSync(data, Buffer.alloc(100_000, 0x5a))],
    ['holds a few bytes', (data) => writeFileSync(data, 'hello')],
    ['is cut short', (data, size) => truncateSync(data, size / 2)],
    ['is overwritten', (data, size) => writeFileSync(data, readFileSync(data).fill(0xff, 8_192, size))],
  ])('whose data file %s is refused in one line, before it could end the process', async (_what, damage) => {
    const data = await filled(500);
    damage(data, statSync(data).size);
    expect(outcome()).toBe('credentials/damaged');
    expect(opened).toThrow(/^credentials .*; restore it from a copy, or move it away to begin with an empty one$/);
  });

  it('that is whole is read, and one that has nothing yet', async () => {
    writeFileSync(join(path, 'data.mdb'), '');
    expect(outcome()).toBe('0 credentials');
    await filled(3);
    expect(outcome()).toBe('3 credentials');
  });

  it('is not made among the records of something else', async () => {
    const root = open({ path, noSubdir: false, maxDbs: 4 });
    await root.put('something else', 1);
    await root.close();
    expect(outcome()).toBe('credentials/foreign');
  });

  it('is not made in the store of the bridge', async () => {
    const store = openTemporary(path);
    await store.close();
    expect(outcome()).toBe('credentials/foreign');
  });
});
