import type { EndpointRecord } from './registry.ts';

/** One operation at a time for an endpoint, in the order of arrival; endpoints never wait for each other. */
export class EndpointTurns {
  /** Endpoints whose operation is under way. */
  busy = 0;
  private readonly longestQueue: number;
  private readonly idle: (record: EndpointRecord) => void;

  /** `idle` is called whenever an endpoint has nothing more to do. */
  constructor(longestQueue: number, idle: (record: EndpointRecord) => void) {
    this.longestQueue = longestQueue;
    this.idle = idle;
  }

  /** Runs the operation after all that came before it; undefined when too many wait already. */
  wait<R>(record: EndpointRecord, operation: () => R | Promise<R>): Promise<R> | undefined {
    record.waiting ??= [];
    const { waiting } = record;
    if (waiting.length >= this.longestQueue) return undefined;
    return new Promise((resolve) => waiting.push(() => resolve(operation())));
  }

  /**
   * The endpoint is busy until `work` is done and `conclude` has drawn the consequence; where it rejects, of what `failed`
   * makes of the error.
   */
  hold<W, R>(
    record: EndpointRecord,
    work: Promise<W>,
    conclude: (outcome: W) => R,
    failed: (error: unknown) => W,
  ): Promise<R> {
    record.busy = true;
    this.busy += 1;
    const done = (outcome: W): R => {
      // After the caller's own reaction to the result, so that answers leave in the order of the requests.
      queueMicrotask(() => this.release(record));
      return conclude(outcome);
    };
    return work.then(done, (error: unknown) => done(failed(error)));
  }

  private release(record: EndpointRecord): void {
    record.busy = false;
    this.busy -= 1;
    while (!record.busy) {
      const next = record.waiting?.shift();
      if (next === undefined) {
        record.waiting = undefined;
        this.idle(record);
        return;
      }
      next();
    }
  }
}
