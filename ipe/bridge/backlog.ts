import type { Clock, Logger, Timer } from '../../common/index.ts';

/** What became of an attempt to bring a tree to what its registration wants. */
export type CaughtUp =
  /** It is what it should be, or nobody wants it any more. */
  | 'done'
  /** The CSE could not do it now. */
  | 'later'
  /** The CSE will not do it. */
  | 'refused';

/** Whoever works on one endpoint. */
export interface BacklogTask {
  readonly endpoint: string;
  /** Something of the tree is known to be missing or wrong, so that all of it is looked at. */
  readonly damaged: boolean;
  /** False once it has been done otherwise, or the registration has ended. */
  readonly wanted: () => boolean;
}

/** What the backlog works with. */
export interface BacklogParts {
  /** Does a task in the turn of its endpoint. Never rejects. */
  readonly carryOut: (task: BacklogTask) => Promise<CaughtUp>;
  /** Endpoints that are worked on at once, few beside those of devices that ask; it may change. */
  readonly limit: () => number;
  /** True while the CSE need not be asked. */
  readonly away: () => boolean;
  readonly clock: Clock;
  readonly logger: Logger;
  /** From 0 up to 1; spreads attempts. */
  readonly random: () => number;
}

interface Entry {
  damaged: boolean;
  state: 'due' | 'working' | 'refused';
}

/** Milliseconds between attempts: doubled from the least to the most while the CSE cannot do it. */
const BACKOFF = { least: 1_000, most: 60_000 } as const;
/** Milliseconds after which what a CSE will not do is asked again. */
const REFUSED_RETRY = 5 * 60_000;

/**
 * Endpoints whose tree on the CSE is not what their registration wants, each once, and what is done about it: a few at a
 * time, the oldest first. What has to be done stands in the registration alone, so that the last wish is carried out.
 */
export class Backlog {
  readonly #parts: BacklogParts;
  readonly #entries = new Map<string, Entry>();
  /** Those that are due, in order. */
  readonly #due = new Set<string>();
  #refused = 0;
  #running = 0;
  #caughtUp = 0;
  #since: number | undefined;
  #backoff: number = BACKOFF.least;
  #timer: Timer | undefined;
  #slowTimer: Timer | undefined;
  #stopped = false;
  #idle: (() => void)[] = [];

  constructor(parts: BacklogParts) {
    this.#parts = parts;
  }

  /** Endpoints whose tree is behind. */
  get size(): number {
    return this.#entries.size;
  }

  /** Of these, those that the CSE has refused. */
  get refused(): number {
    return this.#refused;
  }

  /** Endpoints that are due or worked on now. */
  get waiting(): number {
    return this.#entries.size - this.#refused;
  }

  has(endpoint: string): boolean {
    return this.#entries.has(endpoint);
  }

  /** The tree of the endpoint is behind its registration, or `damaged`. */
  add(endpoint: string, damaged = false): void {
    if (this.#stopped) return;
    const known = this.#entries.get(endpoint);
    if (known?.state === 'refused') this.#refused -= 1;
    this.#since ??= this.#parts.clock.monotonic();
    this.#entries.set(endpoint, { damaged: damaged || known?.damaged === true, state: 'due' });
    this.#due.add(endpoint);
    this.#start();
  }

  /** The tree of the endpoint is what it should be, or nobody wants it any more. */
  settled(endpoint: string): void {
    const entry = this.#entries.get(endpoint);
    if (entry === undefined) return;
    if (entry.state === 'refused') this.#refused -= 1;
    this.#entries.delete(endpoint);
    this.#due.delete(endpoint);
    this.#told();
  }

  /** The CSE answers again: what is due is done now. */
  hurry(): void {
    this.#timer?.cancel();
    this.#timer = undefined;
    this.#backoff = BACKOFF.least;
    this.#start();
  }

  /** Begins nothing more; resolves when nothing is under way. */
  async stop(): Promise<void> {
    this.#stopped = true;
    this.#timer?.cancel();
    this.#slowTimer?.cancel();
    if (this.#running > 0) await new Promise<void>((resolve) => this.#idle.push(resolve));
  }

  #start(): void {
    if (this.#timer !== undefined) return;
    const most = Math.min(this.#parts.limit(), this.#due.size);
    while (this.#running < most && !this.#stopped && !this.#parts.away()) {
      this.#running += 1;
      void this.#work();
    }
  }

  async #work(): Promise<void> {
    // Whoever adds to the backlog is done first.
    await Promise.resolve();
    while (!this.#stopped && !this.#parts.away()) {
      const endpoint = this.#next();
      if (endpoint === undefined) break;
      if (!(await this.#attempt(endpoint))) break;
    }
    this.#running -= 1;
    if (this.#running > 0) return;
    for (const resolve of this.#idle.splice(0)) resolve();
    if (this.#due.size > 0 && !this.#parts.away()) this.#later();
  }

  #next(): string | undefined {
    for (const endpoint of this.#due) {
      this.#due.delete(endpoint);
      return endpoint;
    }
    return undefined;
  }

  /** False when it is better to wait. */
  async #attempt(endpoint: string): Promise<boolean> {
    const entry = this.#entries.get(endpoint);
    if (entry === undefined) return true;
    entry.state = 'working';
    const wanted = () => this.#entries.get(endpoint) === entry;
    const outcome = await this.#parts.carryOut({ endpoint, damaged: entry.damaged, wanted });
    if (!wanted()) return true;
    if (outcome === 'later') {
      entry.state = 'due';
      this.#due.add(endpoint);
      return false;
    }
    this.#backoff = BACKOFF.least;
    if (outcome === 'done') {
      this.#caughtUp += 1;
      this.settled(endpoint);
    } else this.#keepRefused(entry);
    return true;
  }

  #keepRefused(entry: Entry): void {
    entry.state = 'refused';
    this.#refused += 1;
    this.#slowTimer ??= this.#parts.clock.timer(REFUSED_RETRY * (0.75 + this.#parts.random() / 2), () => {
      this.#slowTimer = undefined;
      for (const [endpoint, { state }] of this.#entries) if (state === 'refused') this.add(endpoint);
    });
    this.#told();
  }

  #later(): void {
    if (this.#stopped || this.#timer !== undefined) return;
    this.#timer = this.#parts.clock.timer(this.#backoff * (0.75 + this.#parts.random() / 2), () => {
      this.#timer = undefined;
      this.#start();
    });
    this.#backoff = Math.min(this.#backoff * 2, BACKOFF.most);
  }

  #told(): void {
    if (this.waiting > 0 || this.#since === undefined) return;
    const took = Math.round(this.#parts.clock.monotonic() - this.#since);
    if (this.#caughtUp > 0) {
      this.#parts.logger.info('trees have caught up with their registrations', {
        endpoints: this.#caughtUp,
        refused: this.#refused,
        took,
      });
    }
    this.#since = undefined;
    this.#caughtUp = 0;
  }
}
