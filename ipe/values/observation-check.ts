import type { Clock, Timer } from '../../common/index.ts';
import type { Path } from '../../lwm2m/index.ts';
import type { InstancePath } from '../../mappings/index.ts';
import { isInstancePath } from './instance-paths.ts';

/** A device whose observations are looked at now and then. */
export interface CheckedDevice {
  /**
   * Looks for observations that have been silent for too long, and has them asked for again; `since`: when notifications were
   * first listened for, as `now` monotonic milliseconds. True while it has one that is to notify within a set time.
   */
  check(now: number, since: number): boolean;
}

/** Milliseconds between two looks at some of the devices, and parts into which the time is divided at least. */
const LOOK = { interval: 60_000, parts: 8 } as const;
/** Looks after which everything has been looked at that is to notify within a set time. */
const LOOKS_AT_TIMED = 5;

/** Milliseconds beyond which a device is not silent by accident: MAX_TRANSMIT_WAIT (RFC 7252 4.8.2), and never soon. */
const GRACE = { least: 300_000, transmission: 93_000 } as const;
/** A device that sleeps, or counts badly, may be late by half of its time. */
const LATE = 1.5;

/** What is observed, and when something was heard of it last. */
interface Heard {
  readonly paths: readonly Path[];
  readonly composite: boolean;
  readonly heardAt: number | undefined;
}

/**
 * The paths of which nothing was heard between `since` and `now` for longer than they may be silent, which is `interval`
 * milliseconds or what the device was told; `timed`: it was told that of any.
 */
export function silentPaths(
  observations: Iterable<Heard>,
  interval: number,
  within: (path: InstancePath) => number | undefined,
  { now, since }: { readonly now: number; readonly since: number },
): { readonly silent: readonly InstancePath[]; readonly timed: boolean } {
  const silent: InstancePath[] = [];
  let timed = false;
  for (const { paths, composite, heardAt = since } of observations) {
    const path = paths[0];
    if (composite || path === undefined || !isInstancePath(path)) continue;
    const told = within(path);
    timed ||= told !== undefined;
    const limit = told === undefined ? interval : Math.max(told * LATE + GRACE.transmission, GRACE.least);
    if (now - heardAt >= limit) silent.push(path);
  }
  return { silent, timed };
}

interface Devices {
  readonly size: number;
  values(): Iterator<CheckedDevice>;
}

/** Goes round, a few at a time, so that nobody waits and not all devices are asked at the same moment. */
class Round {
  readonly #devices: Devices;
  readonly #looks: number;
  #cursor: Iterator<CheckedDevice> | undefined;

  constructor(devices: Devices, looks: number) {
    this.#devices = devices;
    this.#looks = Math.max(1, looks);
  }

  /** Those whose turn it is now. */
  *take(): IterableIterator<CheckedDevice> {
    // What it stands on would keep those that have left.
    if (this.#devices.size === 0) this.#cursor = undefined;
    for (let left = Math.ceil(this.#devices.size / this.#looks); left > 0; left -= 1) {
      let next = this.#cursor?.next();
      if (next === undefined || next.done === true) {
        this.#cursor = this.#devices.values();
        next = this.#cursor.next();
      }
      if (next.done === true) return;
      yield next.value;
    }
  }
}

/**
 * Finds observations that a device may have lost in silence, since it rebooted or gave us up: those that nothing was heard of for
 * `interval` milliseconds, or for longer than the device was told to. One timer for all devices.
 */
export class ObservationCheck {
  /** Devices that are to notify within a set time. */
  readonly #timed = new Set<CheckedDevice>();
  readonly #rounds: readonly Round[];
  readonly #pause: number;
  readonly #clock: Clock;
  readonly #since: number;
  #timer: Timer | undefined;

  constructor(interval: number, devices: ReadonlyMap<string, CheckedDevice>, clock: Clock) {
    this.#clock = clock;
    this.#since = clock.monotonic();
    const part = interval / LOOK.parts;
    this.#pause = Math.min(part, LOOK.interval);
    this.#rounds = [new Round(this.#timed, LOOKS_AT_TIMED), new Round(devices, Math.floor(part / this.#pause))];
    this.#schedule();
  }

  /** The device was told to notify within a set time. */
  watch(device: CheckedDevice): void {
    this.#timed.add(device);
  }

  /** The device has left. */
  forget(device: CheckedDevice): void {
    this.#timed.delete(device);
  }

  stop(): void {
    this.#timer?.cancel();
  }

  #schedule(): void {
    this.#timer = this.#clock.timer(this.#pause, () => {
      this.#schedule();
      this.#look();
    });
  }

  #look(): void {
    const now = this.#clock.monotonic();
    for (const round of this.#rounds) {
      for (const device of round.take()) if (!device.check(now, this.#since)) this.#timed.delete(device);
    }
  }
}
