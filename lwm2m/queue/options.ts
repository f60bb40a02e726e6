import type { Registration } from '../registration/registration.ts';

/** How long devices in queue mode listen, and what is kept for those that sleep. */
export interface QueueModeOptions {
  /**
   * Milliseconds after its last message for which a device in queue mode is taken to listen; MAX_TRANSMIT_WAIT is what
   * LwM2M 1.1 Transport 6.5 recommends. It ends up to a quarter of a second later.
   */
  readonly awakeWindow: number;
  /** The same for one device, asked with each message of it; undefined, no time or an error: `awakeWindow`. */
  readonly awakeWindowOf: (registration: Registration) => number | undefined;
  /** Operations that wait for one device; above, they are refused as `invalid`. */
  readonly operationsPerDevice: number;
  /** What these weigh, in bytes of their values. */
  readonly bytesPerDevice: number;
  /** Operations that wait for all devices in queue mode. */
  readonly operationsInAll: number;
  readonly bytesInAll: number;
  /** How often an operation is sent that gets no answer, before its outcome is `timeout`; at least 1. */
  readonly attempts: number;
}

/** What holds when nothing else is said. */
export const DEFAULT_QUEUE_MODE: QueueModeOptions = {
  awakeWindow: 93_000,
  awakeWindowOf: () => undefined,
  operationsPerDevice: 100,
  bytesPerDevice: 1 << 20,
  operationsInAll: 200_000,
  bytesInAll: 64 << 20,
  attempts: 5,
};

/** Plain numbers of queue mode. */
export interface QueueModeCounters {
  /** Devices in queue mode that listen now, and those that sleep. */
  awake: number;
  asleep: number;
  /** Operations that wait now, and their bytes. */
  waiting: number;
  bytes: number;
  /** Operations that had to wait, and those put back because no answer came, since the start. */
  queued: number;
  putBack: number;
}
