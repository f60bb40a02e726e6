import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { IpeError, silentLogger } from '../../../common/index.ts';
import {
  DEFAULT_OPERATION_LIMITS,
  ObjectModels,
  type OperationState,
  type Outcome,
  type QueueModeOptions,
  type Registration,
} from '../../../lwm2m/index.ts';
import { Observations } from '../../../lwm2m/observation/observations.ts';
import { Operations } from '../../../lwm2m/operation/operations.ts';
import { SerialDispatcher } from '../../../lwm2m/operation/serial-dispatcher.ts';
import { QueueMode } from '../../../lwm2m/queue/queue-mode.ts';
import { HeldClock } from '../../support/held-clock.ts';
import { aRegistration, objectLinks } from '../../support/registration.ts';
import { execute, turn, write } from './sleepy-devices.ts';

const ENDPOINT = 'sleepy';

const registration = (id: string, endpoint = ENDPOINT, queueMode = true): Registration =>
  aRegistration({
    id,
    endpoint,
    queueMode,
    lifetime: 86_400,
    objectLinks: objectLinks([{ objectId: 3, instanceId: 0 }]),
  });

interface OpenRequest {
  readonly text: string;
  readonly resolve: (reply: { code: '2.04'; locationPath: []; payload: Buffer }) => void;
  readonly reject: (error: IpeError) => void;
}

/** Operations over queue mode, without sockets: the test is the network and the registration interface. */
class Bench {
  readonly clock = new HeldClock();
  readonly registered = new Map<string, Registration>();
  readonly open: OpenRequest[] = [];
  /** What was sent, and whether the device slept then. */
  readonly sent: { readonly text: string; readonly asleep: boolean }[] = [];
  readonly queueMode: QueueMode;
  readonly operations: Operations;
  #registrations = 0;

  constructor(options: Partial<QueueModeOptions> = {}) {
    const { clock, registered } = this;
    const registrations = { byEndpoint: (endpoint: string) => registered.get(endpoint) };
    const next = new SerialDispatcher(DEFAULT_OPERATION_LIMITS);
    this.queueMode = new QueueMode({ registrations, clock, next, options });
    this.operations = new Operations({
      registrations,
      observations: new Observations(10, () => Buffer.alloc(8)),
      dispatcher: this.queueMode.queue,
      reach: this.queueMode.presence,
      models: () => ObjectModels.official(),
      request: (_peer, { payload }, { signal }) => {
        const text = String(payload);
        this.sent.push({ text, asleep: this.queueMode.presence.isAsleep(ENDPOINT) });
        return new Promise((resolve, reject) => {
          const request = { text, resolve, reject };
          this.open.push(request);
          signal?.addEventListener('abort', () => this.#settle(request, 'coap/aborted'));
        });
      },
      clock,
      logger: silentLogger,
      limits: DEFAULT_OPERATION_LIMITS,
    });
  }

  register(queueMode = true): void {
    const previous = this.registered.get(ENDPOINT);
    this.#registrations += 1;
    const next = registration(String(this.#registrations), ENDPOINT, queueMode);
    this.registered.set(ENDPOINT, next);
    if (previous !== undefined) {
      this.operations.replaced(next, previous);
      this.queueMode.replaced(next);
    }
  }

  heard(): void {
    const now = this.registered.get(ENDPOINT);
    if (now !== undefined) this.queueMode.presence.heard(now);
  }

  deregister(): void {
    const now = this.registered.get(ENDPOINT);
    if (now === undefined) return;
    this.registered.delete(ENDPOINT);
    this.operations.ended(now);
    this.queueMode.ended(now);
  }

  answer(how: 'answer' | 'coap/timeout' | 'coap/reset'): void {
    const request = this.open[0];
    if (request !== undefined) this.#settle(request, how);
  }

  #settle(request: OpenRequest, how: string): void {
    const place = this.open.indexOf(request);
    if (place < 0) return;
    this.open.splice(place, 1);
    if (how === 'answer') request.resolve({ code: '2.04', locationPath: [], payload: Buffer.alloc(0) });
    else request.reject(new IpeError(how, 'no answer'));
  }
}

interface Asked {
  readonly text: string;
  readonly outcomes: Outcome[];
  readonly states: (OperationState | 'settled')[];
}

type Step =
  | { readonly do: 'ask'; readonly deadline: number | undefined; readonly abortable: boolean; readonly latest: boolean }
  | { readonly do: 'pass'; readonly by: number }
  | { readonly do: 'answer'; readonly how: 'answer' | 'coap/timeout' | 'coap/reset' }
  | { readonly do: 'heard' | 'register' | 'register-plain' | 'deregister' | 'abort' | 'breathe' };

const steps = fc.array(
  fc.oneof(
    {
      weight: 6,
      arbitrary: fc.record({
        do: fc.constant('ask' as const),
        deadline: fc.option(fc.integer({ min: 0, max: 200_000 }), { nil: undefined }),
        abortable: fc.boolean(),
        latest: fc.boolean(),
      }),
    },
    { weight: 3, arbitrary: fc.record({ do: fc.constant('pass' as const), by: fc.integer({ min: 0, max: 120_000 }) }) },
    {
      weight: 5,
      arbitrary: fc.record({
        do: fc.constant('answer' as const),
        how: fc.constantFrom('answer' as const, 'answer' as const, 'coap/timeout' as const, 'coap/reset' as const),
      }),
    },
    {
      weight: 9,
      arbitrary: fc.record({
        do: fc.constantFrom(
          ...Array<'heard'>(8).fill('heard'),
          ...Array<'breathe'>(6).fill('breathe'),
          'register' as const,
          'register' as const,
          'register-plain' as const,
          'abort' as const,
          'deregister' as const,
        ),
      }),
    },
  ),
  { minLength: 20, maxLength: 80 },
);

async function play(script: readonly Step[], bench: Bench): Promise<Asked[]> {
  const asked: Asked[] = [];
  const controllers: AbortController[] = [];
  for (const step of script) {
    switch (step.do) {
      case 'ask': {
        const one: Asked = { text: `0='${asked.length}'`, outcomes: [], states: [] };
        asked.push(one);
        const controller = new AbortController();
        if (step.abortable) controllers.push(controller);
        void bench.operations
          .perform(ENDPOINT, step.latest ? write('/3/0/15', one.text) : execute(one.text), {
            signal: controller.signal,
            ...(step.deadline === undefined ? undefined : { deadline: step.deadline }),
            coalesce: step.latest,
            onState: (state) => one.states.push(state),
          })
          .then((outcome) => {
            one.outcomes.push(outcome);
            one.states.push('settled');
          });
        break;
      }
      case 'pass':
        bench.clock.pass(step.by);
        break;
      case 'answer':
        await turn();
        bench.answer(step.how);
        break;
      case 'register':
      case 'register-plain':
        bench.register(step.do === 'register');
        break;
      case 'abort':
        controllers.shift()?.abort();
        break;
      case 'breathe':
        await turn();
        break;
      default:
        bench[step.do]();
    }
  }
  return asked;
}

describe('whatever happens in whatever order', () => {
  test('every operation has exactly one outcome, nothing is sent to a sleeper, and nothing is left behind', async () => {
    await fc.assert(
      fc.asyncProperty(steps, async (script) => {
        const bench = new Bench({ operationsPerDevice: 5, attempts: 2 });
        bench.register();
        bench.heard();
        const asked = await play(script, bench);
        await turn();
        expect(bench.open.length).toBeLessThanOrEqual(1);
        expect(bench.queueMode.counters.waiting).toBeLessThanOrEqual(5 + 1);
        bench.deregister();
        await turn();
        await turn();
        expect(asked.map(({ outcomes }) => outcomes.length)).toEqual(asked.map(() => 1));
        for (const { states } of asked) expect(states.indexOf('settled')).toBe(states.length - 1);
        expect(bench.sent.filter(({ asleep }) => asleep)).toEqual([]);
        expect(bench.queueMode.counters).toMatchObject({ awake: 0, asleep: 0, waiting: 0, bytes: 0 });
        expect(bench.open).toEqual([]);
        bench.clock.pass(10_000_000);
        expect(bench.clock.running).toBe(0);
      }),
      { numRuns: 300 },
    );
  });

  test('what is sent for the first time is sent in the order asked, while the endpoint is registered in queue mode', async () => {
    const orderly = steps.map((script) => script.filter((step) => step.do !== 'register-plain'));
    await fc.assert(
      fc.asyncProperty(orderly, async (script) => {
        const bench = new Bench();
        bench.register();
        bench.heard();
        const asked = await play(script, bench);
        await turn();
        const order = asked.map(({ text }) => text);
        const first = [...new Set(bench.sent.map(({ text }) => text))].map((text) => order.indexOf(text));
        expect(first).toEqual([...first].sort((a, b) => a - b));
      }),
      { numRuns: 200 },
    );
  });
});

describe('100,000 sleepers, a fifth of them with something that waits until a deadline', () => {
  test('have one timer together, and none when their time is over', async () => {
    const bench = new Bench({ bytesInAll: 1 << 30 });
    const { clock, registered, queueMode, operations } = bench;
    const count = 100_000;
    const outcomes: Promise<Outcome>[] = [];
    for (let number = 0; number < count; number += 1) {
      const one = registration(`r${number}`, `d${number}`);
      registered.set(one.endpoint, one);
      queueMode.presence.heard(one);
    }
    expect(clock.running).toBe(1);
    clock.pass(94_000);
    for (let rounds = 0; queueMode.counters.awake > 0 && rounds < 1_000; rounds += 1) clock.pass(1);
    expect(queueMode.counters).toMatchObject({ awake: 0, asleep: count });
    expect(clock.running).toBe(0);
    for (let number = 0; number < count; number += 5) {
      outcomes.push(operations.perform(`d${number}`, execute('1'), { deadline: 1_000 + (number % 1_000) * 100 }));
    }
    expect(clock.running).toBe(1);
    expect(clock.most).toBeLessThanOrEqual(2);
    clock.pass(200_000);
    const kinds = new Set((await Promise.all(outcomes)).map(({ kind }) => kind));
    expect(kinds).toEqual(new Set(['expired']));
    expect(clock.running).toBe(0);
    expect(bench.sent).toEqual([]);
  });
});
