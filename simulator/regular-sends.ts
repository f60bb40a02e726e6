import type { Clock, Timer } from '../common/index.ts';
import { formatPath, type Node } from '../lwm2m/index.ts';
import type { ObjectTree } from './object-tree.ts';

const SENSOR_VALUE = 5700;

/** The paths of the values that the sensors of a device measure, e.g. `/3303/0/5700`. */
export function sensorPaths(tree: ObjectTree): string[] {
  return tree
    .objectIds()
    .flatMap((objectId) => tree.instances(objectId) ?? [])
    .filter(({ definition }) => definition.resources.some(({ id }) => id === SENSOR_VALUE))
    .map(({ definition, instanceId }) => ({ objectId: definition.id, instanceId, resourceId: SENSOR_VALUE }))
    .map(formatPath);
}

/** What sends by itself are made of. */
export interface RegularSendParts {
  readonly clock: Clock;
  /** Milliseconds; 0: never. */
  readonly sendInterval: number;
  /** Values now. */
  readonly values: () => Node[];
  readonly send: (nodes: readonly Node[]) => void;
}

/** Sends the device's values in an interval, with the time at which they were read. */
export class RegularSends {
  readonly #parts: RegularSendParts;
  #timer: Timer | undefined;

  constructor(parts: RegularSendParts) {
    this.#parts = parts;
  }

  /** Begins; harmless when it has begun. */
  start(): void {
    if (this.#parts.sendInterval > 0 && !this.#timer) this.#wait();
  }

  stop(): void {
    this.#timer?.cancel();
    this.#timer = undefined;
  }

  #wait(): void {
    const { clock, sendInterval, values, send } = this.#parts;
    this.#timer = clock.timer(sendInterval, () => {
      const time = clock.wall();
      send(values().map((node) => ({ ...node, time })));
      this.#wait();
    });
  }
}
