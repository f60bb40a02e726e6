import { setTimeout as wait } from 'node:timers/promises';
import { IpeError } from '../../common/index.ts';
import { FleetDevice, type FleetOptions } from './fleet-device.ts';

/** Requests of the devices that are under way at once. */
const WINDOW = 64;
const POLL = 25;

/** Devices, each with a socket of its own, that do the same together. */
export class Fleet {
  readonly devices: readonly FleetDevice[];

  constructor(devices: readonly FleetDevice[]) {
    this.devices = devices;
  }

  /** Opens a socket for each of so many devices. */
  static async open(options: FleetOptions, size: number): Promise<Fleet> {
    const devices = Array.from({ length: size }, (_, index) => new FleetDevice(options, index));
    await each(devices, (device) => device.open());
    return new Fleet(devices);
  }

  register(): Promise<void> {
    return each(this.devices, (device) => device.register());
  }

  update(): Promise<void> {
    return each(this.devices, (device) => device.update());
  }

  deregister(): Promise<void> {
    return each(this.devices, (device) => device.deregister());
  }

  /** Resolves when the server has so many observations of each device. IpeError `bench/silence` after `limit` ms. */
  observed(count: number, limit = 60_000): Promise<void> {
    return until(() => this.devices.every(({ observed }) => observed >= count), 'observations', limit);
  }

  close(): void {
    for (const device of this.devices) device.close();
  }
}

/** Does the same with each, so many at once. Rejects as the first that fails. */
export async function each<T>(all: Iterable<T>, work: (one: T) => Promise<void>, window = WINDOW): Promise<void> {
  const iterator = all[Symbol.iterator]();
  const worker = async (): Promise<void> => {
    for (let next = iterator.next(); next.done !== true; next = iterator.next()) await work(next.value);
  };
  await Promise.all(Array.from({ length: window }, worker));
}

/** Looks again and again; IpeError `bench/silence` when it does not come true within `limit` milliseconds. */
export async function until(isTrue: () => boolean, what: string, limit: number): Promise<void> {
  for (const end = performance.now() + limit; !isTrue(); await wait(POLL)) {
    if (performance.now() > end) throw new IpeError('bench/silence', `no ${what} within ${limit} ms`);
  }
}

/** Resolves once a count has not changed for `quiet` milliseconds. */
export async function settled(count: () => number, quiet = 400): Promise<number> {
  let before = Number.NaN;
  for (let since = performance.now(); performance.now() - since < quiet; await wait(POLL)) {
    if (count() === before) continue;
    before = count();
    since = performance.now();
  }
  return before;
}
