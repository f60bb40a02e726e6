import { seeded } from './random.ts';

/** What goes wrong, and for how long (`lasts`, milliseconds). */
export type Fault =
  /** SIGKILL, and a new start after `lasts`. */
  | { readonly kind: 'bridge-killed'; readonly lasts: number }
  /** SIGTERM, and a new start after `lasts`. */
  | { readonly kind: 'bridge-stopped'; readonly lasts: number }
  /** The port is closed and all connections break; the content is kept. */
  | { readonly kind: 'cse-away'; readonly lasts: number }
  /** SIGSTOP, then SIGCONT. */
  | { readonly kind: 'cse-hangs'; readonly lasts: number }
  /** SIGKILL, and a new start with nothing in it. */
  | { readonly kind: 'cse-emptied'; readonly lasts: number }
  /** Forgets everything while it goes on answering. */
  | { readonly kind: 'cse-forgets'; readonly lasts: number }
  /** Each answer comes so many milliseconds later. */
  | { readonly kind: 'cse-slow'; readonly lasts: number; readonly delay: number }
  /** A share of the requests is refused with this status code. */
  | { readonly kind: 'cse-refuses'; readonly lasts: number; readonly share: number; readonly rsc: number }
  /** A share of the connections breaks, before the request is carried out or after. */
  | { readonly kind: 'cse-breaks'; readonly lasts: number; readonly share: number; readonly after: boolean }
  /** Datagrams are lost, doubled, and held for up to `delay` milliseconds, so that they overtake. */
  | {
      readonly kind: 'bad-network';
      readonly lasts: number;
      readonly loss: number;
      readonly duplicate: number;
      readonly delay: number;
    }
  /** The wall clock of the bridge jumps, and stays there. */
  | { readonly kind: 'clock-jumps'; readonly lasts: number; readonly by: number }
  /** There is no room left on the disk of the store. */
  | { readonly kind: 'disk-full'; readonly lasts: number };

export type FaultKind = Fault['kind'];

/** What devices and applications do of their own accord. */
export type WorkKind = 'value' | 'send' | 'request' | 'direct' | 'leave' | 'come' | 'reboot' | 'objects' | 'visit';

export interface FaultStep {
  /** Milliseconds from the beginning. */
  readonly at: number;
  readonly fault: Fault;
}

export interface WorkStep {
  readonly at: number;
  readonly work: WorkKind;
  /** Index of the device. */
  readonly device: number;
}

/** A run: a pure function of what it was made from. */
export interface Schedule {
  readonly seed: number;
  /** Milliseconds. */
  readonly duration: number;
  readonly devices: number;
  readonly faults: readonly FaultStep[];
  readonly work: readonly WorkStep[];
}

/** What a schedule is made from. */
export interface ScheduleOptions {
  readonly seed: number;
  readonly duration: number;
  readonly devices: number;
  /** Kinds of faults that may happen; the others never do. */
  readonly kinds: readonly FaultKind[];
}

type Draw = (least: number, most: number) => number;

/** Faults on one track follow each other; those on different tracks overlap. */
const TRACKS: Readonly<Record<string, Partial<Record<FaultKind, (draw: Draw) => Fault>>>> = {
  bridge: {
    'bridge-killed': (draw) => ({ kind: 'bridge-killed', lasts: draw(100, 2_000) }),
    'bridge-stopped': (draw) => ({ kind: 'bridge-stopped', lasts: draw(100, 1_000) }),
  },
  cse: {
    'cse-hangs': (draw) => ({ kind: 'cse-hangs', lasts: draw(500, 5_000) }),
    'cse-emptied': (draw) => ({ kind: 'cse-emptied', lasts: draw(100, 3_000) }),
    'cse-forgets': () => ({ kind: 'cse-forgets', lasts: 0 }),
  },
  way: {
    'cse-away': (draw) => ({ kind: 'cse-away', lasts: draw(300, 6_000) }),
    'cse-slow': (draw) => ({ kind: 'cse-slow', lasts: draw(1_000, 6_000), delay: draw(20, 800) }),
    'cse-refuses': (draw) => ({ kind: 'cse-refuses', lasts: draw(500, 4_000), share: draw(5, 60) / 100, rsc: 5000 }),
    'cse-breaks': (draw) => ({
      kind: 'cse-breaks',
      lasts: draw(500, 4_000),
      share: draw(5, 50) / 100,
      after: draw(0, 1) === 1,
    }),
  },
  network: {
    'bad-network': (draw) => ({
      kind: 'bad-network',
      lasts: draw(2_000, 8_000),
      loss: draw(0, 30) / 100,
      duplicate: draw(0, 30) / 100,
      delay: draw(0, 300),
    }),
  },
  machine: {
    'clock-jumps': (draw) => ({ kind: 'clock-jumps', lasts: 0, by: draw(-20_000, 40_000) }),
    'disk-full': (draw) => ({ kind: 'disk-full', lasts: draw(1_000, 4_000) }),
  },
};

/** All kinds of faults. */
export const FAULT_KINDS: readonly FaultKind[] = Object.values(TRACKS).flatMap(
  (makers) => Object.keys(makers) as FaultKind[],
);

/** The track of a kind: what is struck by it. */
export function trackOf(kind: FaultKind): string {
  const [track = ''] = Object.entries(TRACKS).find(([, makers]) => kind in makers) ?? [];
  return track;
}

/** Milliseconds between two faults on a track, and before the first one. */
const GAP = { least: 1_500, most: 9_000 } as const;

/** How often each kind of work is drawn, of all. */
const WORK_WEIGHTS: Readonly<Record<WorkKind, number>> = {
  value: 55,
  send: 14,
  request: 12,
  direct: 8,
  leave: 2,
  come: 5,
  reboot: 2,
  objects: 2,
  visit: 4,
};
/** Milliseconds between two steps of work. */
const WORK_GAP = { least: 20, most: 120 } as const;

/** The schedule of a seed: the same whenever it is asked for. */
export function scheduleOf({ seed, duration, devices, kinds }: ScheduleOptions): Schedule {
  const random = seeded(seed);
  const draw: Draw = (least, most) => least + Math.floor(random() * (most - least + 1));
  const faults: FaultStep[] = [];
  for (const makers of Object.values(TRACKS)) {
    const possible = (Object.keys(makers) as FaultKind[]).filter((kind) => kinds.includes(kind));
    let at = draw(GAP.least / 3, GAP.most / 2);
    while (at < duration) {
      const kind = possible[draw(0, Math.max(0, possible.length - 1))];
      const fault = kind && makers[kind]?.(draw);
      if (fault === undefined) break;
      faults.push({ at, fault });
      at += fault.lasts + draw(GAP.least, GAP.most);
    }
  }
  faults.sort((a, b) => a.at - b.at);
  const work: WorkStep[] = [];
  for (let at = 0; at < duration; at += draw(WORK_GAP.least, WORK_GAP.most)) {
    work.push({ at, work: drawnWork(draw), device: draw(0, devices - 1) });
  }
  return { seed, duration, devices, faults, work };
}

function drawnWork(draw: Draw): WorkKind {
  const all = Object.entries(WORK_WEIGHTS) as [WorkKind, number][];
  let left = draw(0, all.reduce((sum, [, weight]) => sum + weight, 0) - 1);
  for (const [work, weight] of all) {
    left -= weight;
    if (left < 0) return work;
  }
  return 'value';
}

/** The schedule for a person: one line a fault, and a line of what the work was. */
export function printSchedule({ seed, duration, devices, faults, work }: Schedule): string[] {
  const counts = new Map<string, number>();
  for (const step of work) counts.set(step.work, (counts.get(step.work) ?? 0) + 1);
  return [
    `seed ${seed}: ${duration / 1_000} s, ${devices} devices, ${[...counts].map(([kind, n]) => `${n} ${kind}`).join(', ')}`,
    ...faults.map(({ at, fault: { kind, ...rest } }) => {
      const words = Object.entries(rest).map(([name, value]) => `${name}=${value}`);
      return `  ${(at / 1_000).toFixed(2).padStart(7)} s  ${[kind, ...words].join(' ')}`;
    }),
  ];
}
