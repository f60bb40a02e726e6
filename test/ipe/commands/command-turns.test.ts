import { beforeEach, describe, expect, it } from 'vitest';
import { silentLogger } from '../../../common/index.ts';
import { parseTimestamp } from '../../../cse-client/index.ts';
import type { Followed } from '../../../ipe/bridge/endpoint-tree.ts';
import { CommandTurns } from '../../../ipe/commands/command-turns.ts';
import { type CommandParts, newCommandCounters } from '../../../ipe/commands/parts.ts';
import { formatPath, type Operation, type OperationState, type Outcome, parsePath } from '../../../lwm2m/index.ts';
import { type Command, type CommandResponse, readCommand } from '../../../mappings/index.ts';
import { HeldClock } from '../../support/held-clock.ts';

const START = Date.parse('2026-12-01T12:00:00Z');
const SUCCESS: Outcome = { kind: 'success', code: '2.04' };

/** A device under the test's thumb: every operation waits until it is told how it ends. */
interface Asked {
  readonly operation: Operation;
  readonly deadline: number;
  state(state: OperationState): void;
  end(outcome: Outcome): void;
}

describe('commands of one device take turns', () => {
  let clock: HeldClock;
  let turns: CommandTurns;
  let asked: Asked[];
  let written: CommandResponse[];
  let counters: ReturnType<typeof newCommandCounters>;
  let queueMode: boolean;
  let coalesce: boolean;
  let ends: boolean;

  const codec = {
    parsePath,
    formatPath,
    toValue: (_path: unknown, json: unknown) => json as number,
    toJson: (_path: unknown, value: unknown) => value,
    parseTime: parseTimestamp,
  };
  const command = (id: string, value: unknown, expires?: string): Command =>
    readCommand({ id, operation: 'write', path: '/3311/0/5851', value, ...(expires ? { expires } : {}) }, id, codec);
  const take = (
    id: string,
    { value = 1, expires, created }: { value?: number; expires?: string; created?: string } = {},
  ) => turns.take({ key: id, command: command(id, value, expires), created });
  const settled = () => new Promise<void>((resolve) => setImmediate(resolve));
  const states = (id: string) => written.filter((one) => one.id === id).map(({ state }) => state);
  const last = (id: string) => written.findLast((one) => one.id === id);
  const order = () => asked.map(({ operation }) => ('nodes' in operation ? operation.nodes[0]?.value : undefined));

  beforeEach(() => {
    clock = new HeldClock(0, START);
    asked = [];
    written = [];
    counters = newCommandCounters();
    queueMode = true;
    coalesce = false;
    ends = false;
    const perform: CommandParts['perform'] = (_endpoint, operation, { deadline, signal, onState }) =>
      new Promise((resolve) => {
        signal.addEventListener('abort', () => resolve({ kind: 'cancelled' }));
        asked.push({ operation, deadline, state: onState, end: resolve });
      });
    const write = async (_key: string, _mark: string, response: CommandResponse) => {
      if (ends) return false;
      written.push(response);
      return true;
    };
    turns = new CommandTurns({
      settings: {
        expiry: 120_000,
        queueExpiry: 86_400_000,
        pending: 4,
        get coalesce() {
          return coalesce;
        },
      },
      parts: {
        perform,
        clock,
        logger: silentLogger,
        availability: { away: undefined, failed: () => undefined },
      },
      counters,
      outbox: {
        write,
        writeOnce: async (key, mark, response) => {
          ends = false;
          await write(key, mark, response);
        },
        end: () => {
          ends = true;
        },
      },
      commanded: () => ({ registration: { endpoint: 'dev', id: 'registration-1', queueMode } }) as unknown as Followed,
      codec: () => codec as never,
    });
  });

  it('a command for a sleeping device is queued until it is really sent, then sent, then done: each said once', async () => {
    take('a');
    await settled();
    expect(states('a')).toEqual([]);
    asked[0]?.state('queued');
    asked[0]?.state('queued');
    await settled();
    expect(states('a')).toEqual(['queued']);
    clock.pass(3_600_000);
    asked[0]?.state('sent');
    await settled();
    expect(states('a')).toEqual(['queued', 'sent']);
    asked[0]?.state('queued');
    asked[0]?.state('sent');
    asked[0]?.end(SUCCESS);
    await settled();
    expect(states('a')).toEqual(['queued', 'sent', 'done']);
    expect(counters).toMatchObject({ done: 1, failed: 0, expired: 0 });
  });

  it('a device that does not sleep is asked only once the CSE has it that the command is sent', async () => {
    queueMode = false;
    take('a');
    expect(asked).toEqual([]);
    await settled();
    expect(states('a')).toEqual(['sent']);
    expect(asked).toHaveLength(1);
    asked[0]?.state('sent');
    asked[0]?.end(SUCCESS);
    await settled();
    expect(states('a')).toEqual(['sent', 'done']);
  });

  it.each([
    [true, 86_400_000],
    [false, 120_000],
  ])(
    'without an expiration of its own a command has the time that is configured (queue mode: %s)',
    async (mode, time) => {
      queueMode = mode;
      take('a');
      take('b', { expires: '20261201T120100' });
      await settled();
      expect(asked[0]?.deadline).toBe(time);
      asked[0]?.end(SUCCESS);
      await settled();
      expect(asked[1]?.deadline).toBe(60_000);
    },
  );

  it('what waits behind another expires in its time, and is not carried out', async () => {
    take('a');
    take('b', { expires: '20261201T120100' });
    take('c', { value: 3 });
    clock.pass(60_000);
    await settled();
    expect(states('b')).toEqual(['queued', 'expired']);
    asked[0]?.end(SUCCESS);
    await settled();
    expect(order()).toEqual([1, 3]);
  });

  it('what was sent and not answered has failed and may have happened, what was never sent has expired', async () => {
    take('a');
    take('b');
    await settled();
    asked[0]?.state('queued');
    asked[0]?.state('sent');
    asked[0]?.state('queued');
    asked[0]?.end({ kind: 'timeout' });
    await settled();
    expect(last('a')).toMatchObject({ state: 'failed', rsc: 4008, reason: expect.stringContaining('may have been') });
    asked[1]?.state('queued');
    asked[1]?.end({ kind: 'expired' });
    await settled();
    expect(last('b')).toMatchObject({ state: 'expired', rsc: 4008, reason: 'not sent before it expired' });
  });

  it('what was created earlier goes first, whenever the CSE told of it', async () => {
    take('a', { value: 1, created: '20261201T120000,1' });
    take('c', { value: 3, created: '20261201T120000,3' });
    take('b', { value: 2, created: '20261201T120000,2' });
    take('d', { value: 4, created: '20261201T120000,3' });
    for (let turn = 0; turn < 4; turn += 1) {
      await settled();
      asked[turn]?.end(SUCCESS);
    }
    await settled();
    expect(order()).toEqual([1, 2, 3, 4]);
  });

  it('every Write is carried out, also one that a later one leaves nothing of', async () => {
    take('a', { value: 1 });
    take('b', { value: 2 });
    take('c', { value: 3 });
    for (let turn = 0; turn < 3; turn += 1) {
      await settled();
      asked[turn]?.end(SUCCESS);
    }
    await settled();
    expect(order()).toEqual([1, 2, 3]);
  });

  it('commands.coalesce: the newest Write takes the place of those that wait, which fail; what was sent stays', async () => {
    coalesce = true;
    take('a', { value: 1 });
    await settled();
    asked[0]?.state('queued');
    take('b', { value: 2 });
    await settled();
    expect(last('a')).toMatchObject({ state: 'failed', rsc: 5103, reason: expect.stringContaining('later write') });
    asked[1]?.state('sent');
    await settled();
    take('c', { value: 3 });
    take('d', { value: 4 });
    await settled();
    expect(last('b')).toMatchObject({ state: 'sent' });
    expect(last('c')).toMatchObject({ state: 'failed', rsc: 5103 });
    asked[1]?.end(SUCCESS);
    await settled();
    expect(order()).toEqual([1, 2, 4]);
  });

  it('when the registration ends all that waits has failed, and says whether it may have happened', async () => {
    take('a');
    take('b');
    await settled();
    asked[0]?.state('sent');
    await turns.leave();
    expect(last('a')).toMatchObject({ state: 'failed', rsc: 6005, reason: expect.stringContaining('may have been') });
    expect(last('b')).toMatchObject({
      state: 'failed',
      rsc: 6005,
      reason: expect.stringContaining('nothing was sent'),
    });
    for (const id of ['a', 'b']) expect(states(id).filter((state) => state === 'failed')).toHaveLength(1);
  });

  it('a bridge that stops ends only what was sent: what waits for the device to wake is carried out later', async () => {
    take('a');
    await settled();
    asked[0]?.state('queued');
    await settled();
    await turns.stop();
    expect(states('a')).toEqual(['queued']);
  });

  it('where too many wait, one more fails at once', async () => {
    for (const id of ['1', '2', '3', '4', '5', '6']) take(id);
    await settled();
    expect(last('6')).toMatchObject({ state: 'failed', rsc: 5103, reason: 'too many commands wait' });
    expect(last('5')).toMatchObject({ state: 'queued' });
  });
});
