import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { Operation, ResourceType } from '../../cse-client/index.ts';
import type { EmbeddedCse } from '../../embedded-cse/index.ts';
import { type CseUnderTest, startEmbedded } from '../support/cse-under-test.ts';
import { Device } from '../support/device.ts';
import { Application, type RunningIpe, startIpe } from '../support/ipe.ts';
import { startStand, stopAll } from '../support/stand.ts';

describe('a bridge under load', () => {
  let cse: CseUnderTest & { cse: EmbeddedCse };
  let ipe: RunningIpe;
  let app: Application;
  const devices: Device[] = [];

  const device = async (): Promise<Device> => {
    const opened = await Device.open(ipe.port);
    devices.push(opened);
    return opened;
  };

  beforeAll(async () => {
    ({ cse, ipe, app } = await startStand(startEmbedded('standard'), {
      values: { mode: 'none' },
      cse: { timeout: '4s' },
    }));
  });
  afterEach(() => {
    cse.cse.faults.clear();
    for (const one of devices.splice(0)) one.close();
  });
  afterAll(async () => {
    await stopAll(app, ipe, cse);
  });

  it('one answer of the CSE that does not come slows no other device', async () => {
    cse.cse.faults.hang({ op: Operation.create, ty: ResourceType.container, to: /unlucky/ });
    const unlucky = await device();
    let answered = false;
    void unlucky.register({ endpoint: 'unlucky', links: '</1/0>,</3/0>' }).then(() => {
      answered = true;
    });
    const others = await Promise.all(Array.from({ length: 20 }, () => device()));
    const replies = await Promise.all(others.map((one, n) => one.register({ endpoint: `lucky-${n}` })));
    expect(replies.map(({ code }) => code)).toEqual(replies.map(() => '2.01'));
    expect(answered).toBe(false);
  });

  it('one device with a giant list, which comes in blocks and costs hundreds of requests, slows no other', async () => {
    // Few requests at once, so that the giant needs seventy-five rounds of them however many the CSE has come to bear before.
    const narrow = await startIpe(cse, {
      values: { mode: 'none' },
      names: { ipe: 'few' },
      cse: { timeout: '4s', maxInFlight: 8, inFlight: 'fixed', originator: 'Cfew' },
    });
    cse.cse.faults.delay(20);
    const links = Array.from({ length: 600 }, (_, n) => `</3303/${n}>`).join(',');
    const [giant, small] = [await Device.open(narrow.port), await Device.open(narrow.port)];
    devices.push(giant, small);
    let done = false;
    const big = giant.registerInBlocks('giant', links).then(({ code }) => {
      done = true;
      return code;
    });
    for (let n = 0; n < 2; n += 1) expect((await small.register({ endpoint: `small-${n}` })).code).toBe('2.01');
    expect(done).toBe(false);
    expect(await big).toBe('2.01');
    await narrow.stop();
  }, 20_000);

  it('a storm beyond what the CSE can take: 5.03 with Max-Age for some, and all are registered in the end', async () => {
    cse.cse.faults.delay(30);
    const maxInFlight = 4;
    const narrow = await startIpe(cse, {
      values: { mode: 'none' },
      names: { ipe: 'narrow' },
      cse: { timeout: '4s', maxWait: '700ms', maxInFlight, inFlight: 'fixed', originator: 'Cnarrow' },
    });
    const maxAges: number[] = [];
    const register = async (n: number): Promise<string> => {
      const one = await Device.open(narrow.port);
      devices.push(one);
      // Most come at once, the others when it is known how long that takes.
      if (n >= 160) await new Promise((resolve) => setTimeout(resolve, 2_300 + n));
      for (;;) {
        const { code, maxAge = 0 } = await one.register({ endpoint: `storm-${n}` });
        if (code !== '5.03') return code;
        maxAges.push(maxAge);
        await new Promise((resolve) => setTimeout(resolve, maxAge * 1_000));
      }
    };
    try {
      const codes = await Promise.all(Array.from({ length: 200 }, (_, n) => register(n)));
      expect(codes.filter((code) => code !== '2.01')).toEqual([]);
      expect(maxAges.length).toBeGreaterThan(0);
      expect(maxAges.every((seconds) => seconds >= 2 && seconds <= 600)).toBe(true);
      cse.cse.faults.clear();
      const found = await app.find('LWM2MVER:1.1', { ty: [ResourceType.ae] });
      expect(found.filter((name) => name.startsWith('storm-'))).toHaveLength(200);
    } finally {
      await narrow.stop();
    }
  }, 60_000);
});

describe('devices that are slow or loud', () => {
  let cse: CseUnderTest & { cse: EmbeddedCse };

  beforeAll(async () => {
    cse = await startEmbedded('standard');
  });
  afterAll(() => cse?.stop());

  it('one that answers nothing slows no other: its values wait, those of others come', async () => {
    const ipe = await startIpe(cse, { values: { observe: 'never' } });
    const app = await Application.start(cse, 'values');
    const mute = await Device.open(ipe.port);
    const devices = [mute];
    try {
      // It is read after Register, and never answers.
      expect((await mute.register({ endpoint: 'mute' })).code).toBe('2.01');
      for (let n = 0; n < 5; n += 1) {
        const talker = await Device.open(ipe.port);
        devices.push(talker);
        const begun = performance.now();
        expect((await talker.register({ endpoint: `talker-${n}` })).code).toBe('2.01');
        expect((await talker.update()).code).toBe('2.04');
        expect(performance.now() - begun).toBeLessThan(9_000);
      }
    } finally {
      for (const one of devices) one.close();
      await app.stop();
      await ipe.stop();
    }
  });

  it('one that floods is refused, and the others are served as if it were not there', async () => {
    const ipe = await startIpe(cse, { values: { mode: 'none' }, lwm2m: { rateLimits: { requestsPerSource: 20 } } });
    // Another address of this machine is another source.
    const loud = await Device.open(ipe.port);
    const quiet = await Device.open(ipe.port, '127.0.0.1', '127.0.0.2');
    try {
      const flood = Array.from({ length: 2_000 }, (_, n) => loud.register({ endpoint: `loud-${n}` }));
      const answers: string[] = [];
      for (const one of flood) void one.then(({ code }) => answers.push(code));
      for (let n = 0; n < 10; n += 1) {
        const begun = performance.now();
        expect((await quiet.register({ endpoint: 'quiet' })).code).toBe('2.01');
        expect(performance.now() - begun).toBeLessThan(9_000);
      }
      expect(answers.filter((code) => code === '4.29').length).toBeGreaterThan(10);
      expect(answers.filter((code) => code === '2.01').length).toBeLessThan(400);
    } finally {
      loud.close();
      quiet.close();
      await ipe.stop();
    }
  });
});
