import { describe, expect, it } from 'vitest';
import { silentLogger } from '../../../common/index.ts';
import { Admission } from '../../../ipe/load/admission.ts';
import type { Answer, Refusal, Registration, RegistrationHandler } from '../../../lwm2m/index.ts';
import { HeldClock } from '../../support/held-clock.ts';

const registration = { endpoint: 'device' } as Registration;

/** A handler that takes so many a second, behind an admission that lets wait for so long. */
class Door {
  readonly clock = new HeldClock(0);
  readonly waiting: (() => void)[] = [];
  readonly admission: Admission;
  perSecond = 100;
  #owed = 0;

  constructor(maxWait: number) {
    const ask = () => new Promise<undefined>((resolve) => this.waiting.push(() => resolve(undefined)));
    const handler: RegistrationHandler = { register: ask, update: ask, deregister: ask, expire: () => undefined };
    this.admission = new Admission(
      handler,
      { maxWait },
      { clock: this.clock, logger: silentLogger, random: () => 0.5 },
    );
  }

  register(): Answer {
    return this.admission.register(registration, undefined);
  }

  /** Time passes, and what can be served in it is. */
  async pass(milliseconds: number): Promise<void> {
    for (let left = milliseconds; left > 0; left -= 10) {
      this.clock.pass(10);
      this.#owed += this.perSecond / 100;
      for (; this.#owed >= 1; this.#owed -= 1) this.waiting.shift()?.();
      await new Promise((resolve) => setImmediate(resolve));
    }
  }
}

const refusals = (answers: readonly Answer[]) =>
  answers.filter((answer): answer is Refusal => answer !== undefined && !(answer instanceof Promise));

describe('admission of devices', () => {
  it('lets wait whom the CSE can serve in time, and tells the others to come again: 5.03 with Max-Age', async () => {
    const door = new Door(5_000);
    for (let n = 0; n < 500; n += 1) door.register();
    await door.pass(2_500);
    const more = Array.from({ length: 1_000 }, () => door.register());
    const refused = refusals(more);
    // 5 s at 100 a second.
    expect(door.admission.underWay).toBeGreaterThan(480);
    expect(door.admission.underWay).toBeLessThan(520);
    expect(new Set(refused.map(({ code }) => code))).toEqual(new Set(['5.03']));
    expect(door.admission.counters.refused).toBe(refused.length);
  });

  it('spreads those over the time that the CSE needs for them', async () => {
    const door = new Door(2_000);
    for (let n = 0; n < 400; n += 1) door.register();
    await door.pass(2_500);
    const ages = refusals(Array.from({ length: 2_000 }, () => door.register())).map(({ maxAge = 0 }) => maxAge);
    expect(Math.min(...ages)).toBeGreaterThanOrEqual(2);
    expect(Math.max(...ages)).toBeGreaterThan(15);
    const busiest = Math.max(...[...new Set(ages)].map((age) => ages.filter((one) => one === age).length));
    expect(busiest).toBeLessThan(150);
  });

  it('ends with all registered, when each comes again as it was told', async () => {
    const door = new Door(2_000);
    let registered = 0;
    const returning: { at: number }[] = Array.from({ length: 3_000 }, (_, n) => ({ at: n * 3 }));
    let turnedAway = 0;
    for (let step = 0; registered < 3_000 && step < 1_000; step += 1) {
      for (const device of returning.splice(0)) {
        if (device.at > door.clock.monotonic()) {
          returning.push(device);
          continue;
        }
        const answer = door.register();
        if (answer instanceof Promise) void answer.then(() => (registered += 1));
        else {
          turnedAway += 1;
          returning.push({ at: door.clock.monotonic() + (answer?.maxAge ?? 0) * 1_000 });
        }
      }
      await door.pass(100);
    }
    expect(registered).toBe(3_000);
    expect(turnedAway).toBeGreaterThan(500);
    // It would be 30 s without a pause, and few are turned away again and again.
    expect(door.clock.monotonic()).toBeLessThan(60_000);
    expect(turnedAway).toBeLessThan(6_000);
  });

  it('lets everybody in while there is no crowd, however slow each is', async () => {
    const door = new Door(100);
    door.perSecond = 1;
    for (let n = 0; n < 40; n += 1) expect(door.register()).toBeInstanceOf(Promise);
    await door.pass(3_000);
    for (let n = 0; n < 20; n += 1) expect(door.register()).toBeInstanceOf(Promise);
  });

  it('never holds up who leaves', async () => {
    const door = new Door(100);
    door.perSecond = 10;
    for (let n = 0; n < 500; n += 1) door.register();
    await door.pass(2_500);
    expect(refusals([door.register()])).toHaveLength(1);
    expect(door.admission.deregister(registration)).toBeInstanceOf(Promise);
  });
});
