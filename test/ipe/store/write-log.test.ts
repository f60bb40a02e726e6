import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { IpeError, type Logger, silentLogger } from '../../../common/index.ts';
import type { Group, Write } from '../../../ipe/store/group-commit.ts';
import { decodeLog, encodeGroup } from '../../../ipe/store/log-format.ts';
import { LogTransfer } from '../../../ipe/store/log-transfer.ts';
import { sealRecord } from '../../../ipe/store/record-format.ts';
import { RECORD_FORMATS } from '../../../ipe/store/records.ts';
import { WriteLog } from '../../../ipe/store/write-log.ts';
import { HeldClock } from '../../support/held-clock.ts';
import { openTemporary, temporaryDirectory } from './temporary-store.ts';

const write = (key: string, text?: string): Write => ({
  table: 'setting',
  key,
  bytes: text === undefined ? undefined : Buffer.from(text),
});

function listening(): { logger: Logger; errors: string[] } {
  const errors: string[] = [];
  return { logger: { ...silentLogger, error: (message: string) => void errors.push(message) }, errors };
}

const anyWrite = fc.record({
  table: fc.constantFrom('setting' as const, 'registration' as const, 'quarantine' as const),
  key: fc.string({ minLength: 1, maxLength: 40, unit: 'grapheme' }),
  bytes: fc.option(
    fc.uint8Array({ maxLength: 60 }).map((bytes) => Buffer.from(bytes)),
    { nil: undefined },
  ),
});
const groups = fc.array(fc.array(anyWrite, { minLength: 1, maxLength: 5 }), { minLength: 1, maxLength: 6 });

describe('a log', () => {
  it('gives back what was written, in order', () => {
    fc.assert(
      fc.property(groups, (written) => {
        const log = Buffer.concat(written.map(encodeGroup));
        expect(decodeLog(log)).toEqual({ writes: written.flat(), torn: 0, damaged: 0 });
      }),
    );
  });

  it('cut short anywhere gives all groups that are whole, and nothing of the others', () => {
    fc.assert(
      fc.property(groups, fc.nat(), (written, cut) => {
        const encoded = written.map(encodeGroup);
        const log = Buffer.concat(encoded);
        const length = cut % log.length;
        let whole = 0;
        for (let end = 0; end + (encoded[whole]?.length ?? Number.NaN) <= length; whole += 1) {
          end += encoded[whole]?.length ?? 0;
        }
        const { writes, damaged } = decodeLog(log.subarray(0, length));
        expect([writes, damaged]).toEqual([written.slice(0, whole).flat(), 0]);
      }),
    );
  });

  it('with a damaged group gives all others', () => {
    fc.assert(
      fc.property(groups, fc.nat(), fc.integer({ min: 1, max: 255 }), (written, at, change) => {
        const encoded = [...written, [write('last', 'one')]].map(encodeGroup);
        const log = Buffer.concat(encoded);
        const place = at % (log.length - (encoded.at(-1)?.length ?? 0));
        log[place] = (log[place] ?? 0) ^ change;
        let end = 0;
        const hit = encoded.findIndex((group) => {
          end += group.length;
          return place < end;
        });
        const expected = written.filter((_, index) => index !== hit).flat();
        expect(decodeLog(log)).toEqual({ writes: [...expected, write('last', 'one')], torn: 0, damaged: 1 });
      }),
    );
  });

  it('is read to its end whatever its bytes are', () => {
    fc.assert(fc.property(fc.uint8Array({ maxLength: 300 }), (bytes) => void decodeLog(Buffer.from(bytes))));
  });

  it('goes with what the database has taken over, and no sooner', async () => {
    const path = temporaryDirectory();
    const { log } = WriteLog.open(path);
    await log.append([write('a', '1')]);
    const drop = await log.rotate();
    await log.append([write('b', '2')]);
    expect(WriteLog.open(path).recovered.writes).toEqual([write('a', '1'), write('b', '2')]);
    await drop();
    await log.close();
    const { recovered } = WriteLog.open(path);
    expect(recovered.writes).toEqual([write('b', '2')]);
    recovered.settle();
    expect(readdirSync(path)).toEqual([]);
  });
});

const groupOf = (...writes: Write[]): Group => new Map(writes.map((one) => [`${one.table}\t${one.key}`, one]));

describe('what stands in the log', () => {
  const desk = (apply: (writes: readonly Write[]) => Promise<void>) => {
    const { log } = WriteLog.open(temporaryDirectory());
    const clock = new HeldClock();
    const { logger, errors } = listening();
    return { clock, errors, transfer: new LogTransfer({ log, apply, clock, logger }) };
  };

  it('comes into the database once, with the last write of each key, in the order of keys', async () => {
    const applied: Write[] = [];
    const { transfer } = desk(async (writes) => void applied.push(...writes));
    await transfer.append(groupOf(write('b', '1'), write('a', '1')));
    await transfer.append(groupOf(write('b'), write('a', '2')));
    expect([...transfer.of('setting').values()]).toEqual([write('b'), write('a', '2')]);
    await transfer.close();
    expect(applied).toEqual([write('a', '2'), write('b')]);
  });

  it('stays there while the database cannot be written, newer writes before older ones', async () => {
    let fails = true;
    const applied: Write[] = [];
    const { transfer, clock, errors } = desk(async (writes) => {
      if (fails) throw new IpeError('store/io', 'no');
      applied.push(...writes);
    });
    await transfer.append(groupOf(write('a', '1'), write('b', '1')));
    clock.pass(20_000);
    await expect.poll(() => errors.length).toBe(1);
    await transfer.append(groupOf(write('a', '2')));
    expect(transfer.of('setting').get('a')).toEqual(write('a', '2'));
    fails = false;
    await transfer.close();
    expect(applied).toEqual([write('a', '2'), write('b', '1')]);
  });
});

describe('a store whose last run ended before its database had taken over the log', () => {
  it('has it after the next start, but for what was torn; what is damaged is put aside and told', async () => {
    const path = temporaryDirectory();
    await openTemporary(path).close();
    const { log } = WriteLog.open(path);
    const sealed = sealRecord(RECORD_FORMATS.setting, 'kept');
    for (const key of ['a', 'b', 'c']) await log.append([{ table: 'setting', key, bytes: sealed }]);
    await log.close();
    const file = join(path, 'log-1');
    const bytes = readFileSync(file);
    const length = bytes.length / 3;
    bytes[length + 20] = (bytes[length + 20] ?? 0) ^ 1;
    writeFileSync(file, Buffer.concat([bytes, bytes.subarray(0, length - 1)]));
    const { logger, errors } = listening();
    const store = openTemporary(path, { logger });
    expect([...store.entries('setting')].map(({ key }) => key)).toEqual(['a', 'c']);
    expect(errors).toEqual(['damaged parts of the log of the store were put aside']);
    await store.close();
    expect(readdirSync(path).filter((name) => name.includes('log-'))).toEqual(['damaged-log-1']);
  });
});
