import { processUsage } from '../process-usage.ts';
import { Locations, RegisterDatagram } from './datagrams.ts';
import { type Ended, Exchanges, type Operation, type ProtocolCounters } from './exchanges.ts';
import type { LoadOptions, Phase } from './options.ts';
import { Tally, type TallyResult } from './tally.ts';

/** What one phase came to. */
export interface PhaseResult {
  readonly operations: Readonly<Partial<Record<Operation, TallyResult>>>;
  /** Seconds from the first request to the last answer. */
  readonly seconds: number;
  /** Seconds of CPU that this process took. */
  readonly generatorCpu: number;
  /** Seconds of CPU that the watched process took, and its resident megabytes at the end. */
  readonly serverCpu: number;
  readonly serverResident: number;
  /** Longest delay in milliseconds with which an operation of the rate mode was started. */
  readonly lateness: number;
  /** True when the time limit ended the phase. */
  readonly aborted: boolean;
}

/** What a load run came to. */
export interface LoadResult {
  readonly endpoints: number;
  readonly phases: Readonly<Partial<Record<Phase, PhaseResult>>>;
  readonly protocol: ProtocolCounters;
}

const OPERATIONS = ['register', 'update', 'deregister'] as const;
const TICK = 1;
const POLL = 20;

/** Plays the phases one after the other and resolves with what they came to. */
export async function runLoad(options: LoadOptions): Promise<LoadResult> {
  const run = new LoadRun(options);
  return run.play();
}

class LoadRun {
  readonly #options: LoadOptions;
  readonly #tallies: Record<Operation, Tally>;
  readonly #locations: Locations;
  readonly #exchanges: Exchanges;
  readonly #deadline: number;
  #started = 0;
  #lateness = 0;

  constructor(options: LoadOptions) {
    this.#options = options;
    this.#tallies = { register: new Tally(), update: new Tally(), deregister: new Tally() };
    this.#locations = new Locations(options.endpoints);
    const register = new RegisterDatagram(options.prefix, options.lifetime, options.links);
    this.#exchanges = new Exchanges(options, register, this.#locations, this.#tallies, options.first);
    this.#deadline = performance.now() + options.limit * 1000;
  }

  async play(): Promise<LoadResult> {
    const phases: Partial<Record<Phase, PhaseResult>> = {};
    await this.#exchanges.open();
    for (const phase of this.#options.phases) phases[phase] = await this.#phase(phase);
    this.#exchanges.close();
    return { endpoints: this.#options.endpoints, phases, protocol: this.#exchanges.protocol };
  }

  async #phase(phase: Phase): Promise<PhaseResult> {
    for (const operation of OPERATIONS) this.#tallies[operation] = new Tally();
    this.#started = 0;
    this.#lateness = 0;
    const usageBefore = processUsage(this.#options.watch);
    const cpuBefore = process.cpuUsage();
    const begun = performance.now();
    const finished = await (phase === 'lifecycle' ? this.#lifecycle() : this.#each(phase));
    const seconds = (performance.now() - begun) / 1000;
    const cpu = process.cpuUsage(cpuBefore);
    const usage = processUsage(this.#options.watch);
    const operations: Partial<Record<Operation, TallyResult>> = {};
    for (const operation of OPERATIONS) {
      if (this.#tallies[operation].sent > 0) operations[operation] = this.#tallies[operation].result();
    }
    return {
      operations,
      seconds,
      generatorCpu: (cpu.user + cpu.system) / 1e6,
      serverCpu: usage.cpu - usageBefore.cpu,
      serverResident: usage.resident,
      lateness: this.#lateness,
      aborted: !finished,
    };
  }

  /** One kind of operation for each endpoint in turn; updates go round until there were as many as asked for. */
  #each(operation: Operation): Promise<boolean> {
    const { endpoints, operations } = this.#options;
    const total = operation === 'update' && operations > 0 ? operations : endpoints;
    let next = 0;
    const start = (): boolean => {
      if (next >= total) return false;
      const endpoint = next++ % endpoints;
      if (operation === 'register' || this.#locations.has(endpoint)) this.#exchanges.begin(operation, endpoint);
      return true;
    };
    return this.#drive(start, () => undefined);
  }

  /** Register, some updates, De-register of each endpoint in turn. */
  #lifecycle(): Promise<boolean> {
    const { endpoints, updates } = this.#options;
    const done = new Uint16Array(endpoints);
    let next = 0;
    const start = (): boolean => {
      if (next >= endpoints) return false;
      this.#exchanges.begin('register', next++);
      return true;
    };
    return this.#drive(start, (endpoint, operation, ok) => {
      if (!ok || operation === 'deregister') return;
      const count = done[endpoint] as number;
      if (count < updates) {
        done[endpoint] = count + 1;
        this.#exchanges.begin('update', endpoint);
      } else this.#exchanges.begin('deregister', endpoint);
    });
  }

  /** Starts operations as the window or the rate allows until `start` says there are no more and all have ended. */
  #drive(start: () => boolean, ended: Ended): Promise<boolean> {
    const { rate, window } = this.#options;
    const exchanges = this.#exchanges;
    let more = true;
    const fill = (): void => {
      while (more && exchanges.inFlight < window) more = start();
    };
    exchanges.ended = (endpoint, operation, ok) => {
      ended(endpoint, operation, ok);
      if (rate === 0) fill();
    };
    return new Promise((resolve) => {
      const begun = performance.now();
      const timer = setInterval(
        () => {
          const now = performance.now();
          if (rate > 0 && more) more = this.#startDue(start, now - begun);
          const over = now > this.#deadline;
          if (!over && (more || exchanges.inFlight > 0)) return;
          clearInterval(timer);
          exchanges.ended = () => undefined;
          resolve(!over);
        },
        rate > 0 ? TICK : POLL,
      );
      if (rate === 0) fill();
    });
  }

  #startDue(start: () => boolean, elapsed: number): boolean {
    const { rate } = this.#options;
    const late = elapsed - (this.#started / rate) * 1000;
    this.#lateness = Math.max(this.#lateness, late);
    const due = Math.floor((elapsed * rate) / 1000);
    // What is in flight is bounded by the numbers that a token can tell apart.
    while (this.#started < due && this.#exchanges.inFlight < 16_000) {
      this.#started++;
      if (!start()) return false;
    }
    return true;
  }
}
