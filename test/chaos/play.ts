import { setTimeout as sleep } from 'node:timers/promises';
import { errorMessage } from '../../common/index.ts';
import { CseError } from '../../cse-client/index.ts';
import type { Evidence } from './evidence.ts';
import { type Breach, breaches } from './invariants/index.ts';
import { type Fault, type Schedule, trackOf, type WorkKind } from './schedule.ts';
import { FAIR } from './udp-relay.ts';
import type { World } from './world.ts';

/** How a run ended: `breaches` is empty where every invariant holds. */
export interface Verdict {
  readonly breaches: readonly Breach[];
  readonly evidence: Evidence;
  /** Milliseconds from the end of the last fault until everything held, or until patience was over. */
  readonly settled: number;
}

/** Milliseconds without anything made on the CSE after which everything should be as it should be: longer than lifetimes and commands. */
const PATIENCE = 90_000;
/** Milliseconds after which it should, even if things are still being made: slow machines need long. */
const LAST = 240_000;
const LOOK_AGAIN = 500;

/** Does a fault and undoes it. */
async function strike(world: World, fault: Fault): Promise<void> {
  const { bridge, cse, way } = world;
  switch (fault.kind) {
    case 'bridge-killed':
    case 'bridge-stopped':
      await bridge.end(fault.kind === 'bridge-killed' ? 'SIGKILL' : 'SIGTERM');
      await sleep(fault.lasts);
      void bridge.start();
      return;
    case 'cse-away':
      await way.close();
      await sleep(fault.lasts);
      await way.open();
      return;
    case 'cse-hangs':
      cse.pause();
      await sleep(fault.lasts);
      cse.resume();
      return;
    case 'cse-emptied':
      await cse.kill();
      await sleep(fault.lasts);
      await cse.start();
      await world.refurnish();
      return;
    case 'cse-forgets':
      await cse.forget();
      await world.refurnish();
      return;
    case 'cse-slow':
      way.weather = { delay: fault.delay };
      break;
    case 'cse-refuses':
      way.weather = { refuse: fault };
      break;
    case 'cse-breaks':
      way.weather = { breaks: fault };
      break;
    case 'bad-network':
      for (const { relay } of world.devices) relay.weather = fault;
      await sleep(fault.lasts);
      for (const { relay } of world.devices) relay.weather = FAIR;
      return;
    case 'clock-jumps':
      bridge.jump(fault.by);
      return;
    case 'disk-full':
      bridge.fillDisk(true);
      await sleep(fault.lasts);
      bridge.fillDisk(false);
      return;
  }
  await sleep(fault.lasts);
  way.weather = {};
}

function work(world: World, kind: WorkKind, index: number): void {
  const device = world.devices[index];
  if (device === undefined) return;
  switch (kind) {
    case 'value':
      device.value();
      break;
    case 'send':
      device.send();
      break;
    case 'request':
      void world.applications.request(device.endpoint);
      break;
    case 'direct':
      void world.applications.direct(device.endpoint);
      break;
    case 'leave':
      device.leave();
      break;
    case 'come':
      void device.come();
      break;
    case 'reboot':
      device.reboot();
      break;
    case 'objects':
      device.changeObjects();
      break;
    case 'visit':
      void world.applications.inhabit(device.endpoint);
      break;
  }
}

/** Plays a schedule, lets it get calm, and judges; `tell` hears of each fault. */
export async function play(world: World, schedule: Schedule, tell: (line: string) => void): Promise<Verdict> {
  const begin = performance.now();
  const until = (at: number) => sleep(Math.max(0, begin + at - performance.now()));
  // On a slow machine a fault takes longer than it should, and the next one on its track waits for it.
  const struck = new Map<string, Promise<void>>();
  const misplayed: string[] = [];
  const faults = (async () => {
    for (const { at, fault } of schedule.faults) {
      await until(at);
      tell(`${(at / 1_000).toFixed(2)} s: ${fault.kind}`);
      const track = trackOf(fault.kind);
      const before = struck.get(track) ?? Promise.resolve();
      const done = before
        .then(() => strike(world, fault))
        .catch((error: unknown) => void misplayed.push(`${fault.kind}: ${errorMessage(error)}`));
      struck.set(track, done);
    }
  })();
  for (const step of schedule.work) {
    await until(step.at);
    work(world, step.work, step.device);
  }
  await faults;
  await until(schedule.duration);
  await Promise.all(struck.values());
  const calm = performance.now();
  const { evidence, broken } = await judged(world, calm);
  const unplayed = misplayed.length === 0 ? [] : [{ invariant: 'the schedule is played as it stands', saw: misplayed }];
  return { breaches: [...unplayed, ...broken], evidence, settled: performance.now() - calm };
}

async function judged(world: World, calm: number): Promise<{ readonly evidence: Evidence; readonly broken: Breach[] }> {
  await world.bridge.start();
  for (const device of world.devices) device.tellObjects();
  let refreshed = false;
  let progress = { made: 0, at: calm };
  for (;;) {
    for (const device of world.devices) if (!device.isRegistered) device.beat();
    const allThere = world.devices.every((device) => device.isRegistered || !device.isThere);
    const now = performance.now();
    if (world.witness.created > progress.made) progress = { made: world.witness.created, at: now };
    const last = now - progress.at > PATIENCE || now - calm > LAST;
    if ((allThere || last) && !refreshed) {
      world.refresh();
      refreshed = true;
    }
    await world.command();
    const evidence = await world.evidence().catch((error: unknown) => {
      // What was listed may have gone before it was looked at.
      if (last || !(error instanceof CseError)) throw error;
    });
    const broken = evidence && breaches(evidence);
    if (!evidence || !broken) continue;
    if ((broken.length === 0 && refreshed && allThere) || last) return { evidence, broken };
    await sleep(LOOK_AGAIN);
  }
}
