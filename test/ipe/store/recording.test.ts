import { describe, expect, it } from 'vitest';
import { IpeError, silentLogger } from '../../../common/index.ts';
import { MemoryStore } from '../../../ipe/store/memory-store.ts';
import { recorded } from '../../../ipe/store/recording.ts';
import type { Kind, Records } from '../../../ipe/store/records.ts';
import { decodeObjectLinks, type Refusal, type Registration, type RegistrationHandler } from '../../../lwm2m/index.ts';
import { registrationOf } from './samples.ts';

/** A store whose writes become durable when the test says so. */
class HeldStore extends MemoryStore {
  override fault: IpeError | undefined = undefined;
  readonly flushes: PromiseWithResolvers[] = [];
  busy = false;

  override put<K extends Kind>(kind: K, key: string, record: Records[K]): void {
    if (this.busy) throw new IpeError('store/busy', 'too much waits', { retryable: true });
    super.put(kind, key, record);
  }

  override flushed(): Promise<void> {
    return new Promise((resolve, reject) => this.flushes.push({ resolve, reject }));
  }

  async settle(error?: IpeError): Promise<void> {
    await new Promise((done) => setImmediate(done));
    for (const { resolve, reject } of this.flushes.splice(0)) error === undefined ? resolve() : reject(error);
    await new Promise((done) => setImmediate(done));
  }

  get updates() {
    return [...this.entries('update')].map(({ record }) => record);
  }

  get registrations() {
    return [...this.entries('registration')].map(({ record }) => record);
  }
}

interface PromiseWithResolvers {
  readonly resolve: () => void;
  readonly reject: (error: IpeError) => void;
}

const FULL = new IpeError('store/full', 'no room', { retryable: true });

function desk(verdict?: Refusal) {
  const store = new HeldStore();
  const asked: string[] = [];
  const answers = (name: string) => () => {
    asked.push(name);
    return verdict;
  };
  const handler: RegistrationHandler = {
    register: answers('register'),
    update: answers('update'),
    deregister: answers('deregister'),
    expire: (_registration, kept) => void asked.push(kept === false ? 'take back' : 'expire'),
  };
  const follower = {
    release: (endpoint: string) => void asked.push(`follow ${endpoint}`),
    drop: (endpoint: string) => void asked.push(`forget ${endpoint}`),
  };
  return { store, asked, handler: recorded(handler, { store, follower, logger: silentLogger, random: () => 0 }) };
}

/** What a promise came to, if it has. */
async function soon<T>(answer: T | Promise<T>): Promise<T | 'waits'> {
  const later = new Promise<'waits'>((resolve) => setImmediate(() => setImmediate(() => resolve('waits'))));
  return Promise.race([answer, later]);
}

describe('a registration', () => {
  it('is durable before the device is told yes', async () => {
    const { store, handler, asked } = desk();
    const answer = handler.register(registrationOf('dev'), undefined);
    expect(await soon(answer)).toBe('waits');
    expect(asked).toEqual(['register']);
    await store.settle();
    expect(asked).toEqual(['register', 'follow dev']);
    expect(await soon(answer)).toBeUndefined();
    expect(store.registrations).toEqual([registrationOf('dev')]);
  });

  it('is not recorded when it is refused', async () => {
    const { store, handler } = desk({ code: '4.00' });
    expect(await handler.register(registrationOf('dev'), undefined)).toEqual({ code: '4.00' });
    expect(store.registrations).toEqual([]);
  });

  it('is refused with 5.03 while the store is at fault, and the CSE is not asked', async () => {
    const { store, handler, asked } = desk();
    store.fault = FULL;
    const refusal = { code: '5.03', diagnostic: 'cannot be recorded', maxAge: 15 };
    expect(await handler.register(registrationOf('dev'), undefined)).toEqual(refusal);
    expect(await handler.update(registrationOf('dev'), registrationOf('dev'))).toEqual(refusal);
    expect(asked).toEqual([]);
  });

  it('that cannot be made durable is refused with 5.03, and what was made for it goes', async () => {
    const { store, handler, asked } = desk();
    const answer = handler.register(registrationOf('dev'), undefined);
    await store.settle(FULL);
    expect(await answer).toMatchObject({ code: '5.03' });
    expect(asked).toEqual(['register', 'forget dev', 'take back']);
    expect(store.registrations).toEqual([]);
  });

  it('that was to take the place of another leaves that one, when it cannot be made durable', async () => {
    const { store, handler, asked } = desk();
    const [previous, next] = [registrationOf('dev', 1), registrationOf('dev', 2)];
    const answer = handler.register(next, previous);
    await store.settle(FULL);
    expect(await answer).toMatchObject({ code: '5.03' });
    expect(asked).toEqual(['register', 'forget dev']);
    expect(store.registrations).toEqual([previous]);
  });

  it('is recorded with each Update, before the answer', async () => {
    const { store, handler } = desk();
    const answer = handler.update(registrationOf('dev', 2), registrationOf('dev', 1));
    expect(await soon(answer)).toBe('waits');
    await store.settle();
    expect(await answer).toBeUndefined();
    expect(store.registrations[0]?.peer.port).toBe(2);
  });

  it('of which an Update changed nothing but the time has that alone recorded', async () => {
    const { store, handler } = desk();
    const previous = registrationOf('dev');
    store.put('registration', 'dev', previous);
    const next = { ...previous, updatedAt: previous.updatedAt + 60_000 };
    const answer = handler.update(next, previous);
    expect(await soon(answer)).toBe('waits');
    await store.settle();
    expect(await answer).toBeUndefined();
    expect(store.registrations).toEqual([previous]);
    expect(store.updates).toMatchObject([{ id: previous.id, updatedAt: next.updatedAt }]);
  });

  it('that is updated again within a twentieth of its lifetime needs no other record', async () => {
    const { store, handler } = desk();
    // 300 s: times of the same 15 s.
    const previous = { ...registrationOf('dev'), updatedAt: 1_700_000_100_000 };
    const [soonAfter, last, later] = [1, 14_999, 15_000].map((after) => ({
      ...previous,
      updatedAt: previous.updatedAt + after,
    })) as [Registration, Registration, Registration];
    expect(await soon(handler.update(soonAfter, previous))).toBeUndefined();
    expect(await soon(handler.update(last, soonAfter))).toBeUndefined();
    expect(store.updates).toEqual([]);
    const answer = handler.update(later, last);
    expect(await soon(answer)).toBe('waits');
    await store.settle();
    expect(store.updates).toMatchObject([{ updatedAt: later.updatedAt }]);
    // Where the store did not take that record nothing is presumed.
    store.busy = true;
    const lost = { ...later, updatedAt: later.updatedAt + 15_000 };
    expect(await handler.update(lost, later)).toMatchObject({ code: '5.03' });
    store.busy = false;
    const again = handler.update({ ...lost, updatedAt: lost.updatedAt + 1 }, lost);
    expect(await soon(again)).toBe('waits');
    await store.settle();
    expect(store.registrations).toMatchObject([{ updatedAt: lost.updatedAt + 1 }]);
  });

  it('with a lifetime of days is recorded once a minute at least', async () => {
    const { store, handler } = desk();
    let previous: Registration = { ...registrationOf('dev'), lifetime: 864_000, updatedAt: 1_700_000_160_000 };
    for (let second = 10; second <= 120; second += 10) {
      const next = { ...previous, updatedAt: 1_700_000_160_000 + second * 1_000 };
      const answer = handler.update(next, previous);
      await store.settle();
      expect(await answer).toBeUndefined();
      const recordedAt = store.updates[0]?.updatedAt ?? 1_700_000_160_000;
      expect(next.updatedAt - recordedAt).toBeLessThan(60_000);
      previous = next;
    }
    expect(store.updates[0]?.updatedAt).toBe(previous.updatedAt);
  });

  it.each([
    ['lifetime', { lifetime: 301 }],
    ['binding', { binding: 'US' }],
    ['queue mode', { queueMode: true }],
    ['number', { smsNumber: '+491700000001' }],
    ['object links', { objectLinks: decodeObjectLinks(Buffer.from('</3/0>')) }],
    ['identity', { peer: { ...registrationOf('dev').peer, identity: { kind: 'psk', identity: 'dev' } } }],
  ] as const)('of which an Update changed the %s is recorded whole', async (_, changed) => {
    const { store, handler } = desk();
    const previous = registrationOf('dev');
    const next = { ...previous, ...changed };
    const answer = handler.update(next, previous);
    await store.settle();
    expect(await answer).toBeUndefined();
    expect(store.registrations).toEqual([next]);
    expect(store.updates).toEqual([]);
  });

  it('that the store did not take is recorded whole with the next Update', async () => {
    const { store, handler } = desk();
    const [first, second] = [registrationOf('dev', 1), registrationOf('dev', 2)];
    store.put('registration', 'dev', first);
    store.busy = true;
    expect(await handler.update(second, first)).toMatchObject({ code: '5.03' });
    store.busy = false;
    const third = { ...second, updatedAt: second.updatedAt + 1 };
    const answer = handler.update(third, second);
    await store.settle();
    expect(await answer).toBeUndefined();
    expect(store.registrations).toEqual([third]);
  });

  it('has its new address and time recorded when an Update is refused with 5.xx, and nothing else of it', async () => {
    const { store, handler } = desk({ code: '5.03' });
    const previous = registrationOf('dev', 1);
    const next = { ...registrationOf('dev', 2), lifetime: 9, updatedAt: previous.updatedAt + 60_000 };
    const answer = handler.update(next, previous);
    await store.settle();
    expect(await answer).toEqual({ code: '5.03' });
    expect(store.registrations).toEqual([{ ...previous, peer: next.peer, updatedAt: next.updatedAt }]);
  });

  it.each(['deregister', 'expire'] as const)(
    'is forgotten with %s, also when that cannot be made durable',
    async (end) => {
      for (const error of [undefined, FULL]) {
        const { store, handler, asked } = desk();
        store.put('registration', 'dev', registrationOf('dev'));
        store.put('update', 'dev', registrationOf('dev'));
        const answer = handler[end](registrationOf('dev'));
        await store.settle(error);
        expect(await answer).toBeUndefined();
        expect(asked).toEqual([end]);
        expect(store.registrations).toEqual([]);
        expect(store.updates).toEqual([]);
      }
    },
  );
});
