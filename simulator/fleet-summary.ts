import type { DeviceEvent, Operation } from './options.ts';

/** What a fleet has done so far. Times in milliseconds. */
export interface FleetSummary {
  /** How many it has when all are started. */
  readonly endpoints: number;
  readonly started: number;
  /** Endpoints that are registered now. */
  readonly registered: number;
  /** Accepted requests. */
  readonly registers: number;
  readonly updates: number;
  readonly deregisters: number;
  readonly sends: number;
  /** Notifications made, whether or not they arrived. */
  readonly notifications: number;
  /** Requests of the server. */
  readonly asked: number;
  /** Refused or lost requests by operation and code, e.g. `register 5.03` or `update simulator/timeout`. */
  readonly failed: Readonly<Record<string, number>>;
  /** From the first transmission of an accepted Register to its answer; absent before the first. */
  readonly registerTime: { readonly p50: number; readonly p99: number; readonly max: number } | undefined;
  readonly sockets: number;
  readonly elapsed: number;
}

/** Samples kept for the percentiles; later ones are not counted there. */
const MAX_SAMPLES = 100_000;

/** Counts the events of many devices. */
export class FleetTally {
  registers = 0;
  updates = 0;
  deregisters = 0;
  sends = 0;
  notifications = 0;
  asked = 0;
  readonly #failed = new Map<string, number>();
  readonly #registered = new Set<string>();
  readonly #times: number[] = [];

  /** Takes one event of the device of that name. */
  count(event: DeviceEvent, endpoint: string): void {
    switch (event.type) {
      case 'registered':
        this.registers += 1;
        this.#registered.add(endpoint);
        if (this.#times.length < MAX_SAMPLES) this.#times.push(event.took);
        break;
      case 'updated':
        this.updates += 1;
        break;
      case 'deregistered':
        this.deregisters += 1;
        this.#registered.delete(endpoint);
        break;
      case 'refused':
        if (event.code === '4.04') this.#registered.delete(endpoint);
        this.#fail(event.operation, event.code);
        break;
      case 'failed':
        this.#fail(event.operation, event.code);
        break;
      case 'sent':
        this.sends += 1;
        break;
      case 'notified':
        this.notifications += 1;
        break;
      case 'asked':
        this.asked += 1;
        break;
      case 'bootstrapped':
      case 'asleep':
      case 'awake':
        break;
    }
  }

  /** Endpoints that are registered now. */
  get registered(): number {
    return this.#registered.size;
  }

  get failed(): Record<string, number> {
    return Object.fromEntries([...this.#failed].sort(([a], [b]) => a.localeCompare(b)));
  }

  get registerTime(): FleetSummary['registerTime'] {
    if (this.#times.length === 0) return undefined;
    const sorted = Float64Array.from(this.#times).sort();
    const at = (part: number) => sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * part))] as number;
    return { p50: at(0.5), p99: at(0.99), max: at(1) };
  }

  #fail(operation: Operation, code: string): void {
    const key = `${operation} ${code}`;
    this.#failed.set(key, (this.#failed.get(key) ?? 0) + 1);
  }
}
