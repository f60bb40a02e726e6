import { describe, expect, it } from 'vitest';
import { type Clock, silentLogger } from '../../../common/index.ts';
import { CseError } from '../../../cse-client/index.ts';
import { CseAvailability } from '../../../ipe/cse/availability.ts';

/** A CSE whose answers a test counts, probes that it lets through, and a clock that it moves. */
function scene() {
  const timers: (() => void)[] = [];
  const clock: Clock = {
    monotonic: () => 0,
    wall: () => 0,
    timer: (_delay, callback) => {
      timers.push(callback);
      return { cancel: () => {} };
    },
  };
  const state = { answers: 0, alive: false, returned: 0 };
  const availability = new CseAvailability({
    probe: async () => {
      if (!state.alive) throw new CseError('cse/unreachable', 'nobody there');
    },
    returned: () => {
      state.returned += 1;
    },
    answers: () => state.answers,
    meanwhile: 'devices wait',
    random: () => 0.5,
    clock,
    logger: silentLogger,
  });
  const tick = async () => {
    for (const callback of timers.splice(0)) callback();
    await new Promise((resolve) => setImmediate(resolve));
  };
  return { availability, state, tick, timers };
}

const timeout = () => new CseError('cse/timeout', 'no answer');
const unreachable = () => new CseError('cse/unreachable', 'connection refused');

describe('whether the CSE is away', () => {
  it('a refused connection tells at once; a refusal of a request does not', () => {
    const { availability } = scene();
    availability.failed(new CseError('cse/refused', 'no', { rsc: 4103 }));
    availability.failed(new TypeError('a fault of ours'));
    expect(availability.away).toBeUndefined();
    availability.failed(unreachable());
    expect(availability.away).toBe('connection refused');
  });

  it('three timeouts in a row tell, if the CSE answered nothing between them', () => {
    const { availability, state } = scene();
    for (let round = 0; round < 5; round += 1) {
      availability.failed(timeout());
      availability.failed(timeout());
      state.answers += 1;
    }
    expect(availability.away).toBeUndefined();
    for (let round = 0; round < 3; round += 1) availability.failed(timeout());
    expect(availability.away).toBe('no answer');
  });

  it('while it is away one probe asks at a time; when it answers, all is told once', async () => {
    const { availability, state, tick, timers } = scene();
    for (let device = 0; device < 100; device += 1) availability.failed(unreachable());
    expect(timers).toHaveLength(1);
    await tick();
    expect(availability.away).toBe('nobody there');
    expect(timers).toHaveLength(1);
    state.alive = true;
    await tick();
    expect(availability.away).toBeUndefined();
    expect(state.returned).toBe(1);
    expect(timers).toHaveLength(0);
  });
});
