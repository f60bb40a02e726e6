import { Agent, request as send } from 'undici';
import { errorMessage, type Logger } from '../common/index.ts';
import { Refusal, RSC } from './refusal.ts';

/** One notification to one URL. */
export interface Parcel {
  readonly url: string;
  readonly body: string;
  readonly originator: string;
  readonly requestId: string;
  readonly releaseVersion: string | undefined;
  readonly timestamp: string;
  /** The answer of a plain URL is not looked at; that of an AE counts. */
  readonly answerCounts: boolean;
}

/** What went out, over the life of the CSE. */
export interface DeliveryCounters {
  sent: number;
  failed: number;
  /** Not even queued, because too many were waiting. */
  dropped: number;
}

const IN_FLIGHT = 32;
const ANSWER_LIMIT = 65_536;

/** Sends notifications over HTTP: a bounded queue in front of a bounded number in flight; tried once, never repeated. */
export class Delivery {
  readonly counters: DeliveryCounters = { sent: 0, failed: 0, dropped: 0 };
  #agent: Agent;
  readonly #timeout: number;
  readonly #maxQueued: number;
  readonly #logger: Logger;
  readonly #queue: (() => Promise<void>)[] = [];
  readonly #idle: (() => void)[] = [];
  #running = 0;
  #closed = false;

  constructor(options: { timeout: number; maxQueued: number; logger: Logger }) {
    this.#timeout = options.timeout;
    this.#maxQueued = options.maxQueued;
    this.#logger = options.logger;
    this.#agent = this.#open();
  }

  #open(): Agent {
    return new Agent({ connections: IN_FLIGHT, pipelining: 1, connectTimeout: this.#timeout });
  }

  /** Runs a job when there is room for it; its failure is counted and logged, nobody waits for it. */
  enqueue(job: () => Promise<void>): void {
    if (this.#closed || this.#queue.length >= this.#maxQueued) {
      this.counters.dropped++;
      return;
    }
    this.#queue.push(job);
    this.#pump();
  }

  /** Resolves when nothing waits and nothing is in flight. */
  settled(): Promise<void> {
    if (this.#running === 0 && this.#queue.length === 0) return Promise.resolve();
    return new Promise((resolve) => this.#idle.push(resolve));
  }

  #pump(): void {
    while (this.#running < IN_FLIGHT) {
      const job = this.#queue.shift();
      if (job === undefined) break;
      this.#running++;
      void job()
        .catch((error: unknown) =>
          this.#logger.debug('embedded CSE: notification failed', { error: errorMessage(error) }),
        )
        .finally(() => {
          this.#running--;
          this.#pump();
        });
    }
    if (this.#running === 0) for (const resolve of this.#idle.splice(0)) resolve();
  }

  /** Sends one parcel and returns the response status code of the answer; throws Refusal where there is none. */
  async send(parcel: Parcel): Promise<number> {
    try {
      const rsc = await this.#post(parcel);
      this.counters.sent++;
      return rsc;
    } catch (error) {
      this.counters.failed++;
      throw error;
    }
  }

  async #post(parcel: Parcel): Promise<number> {
    const { statusCode, headers, body } = await this.#exchange(parcel);
    let read = 0;
    for await (const chunk of body) {
      read += (chunk as Uint8Array).length;
      if (read > ANSWER_LIMIT) break;
    }
    if (!parcel.answerCounts) return RSC.ok;
    if (headers['x-m2m-ri'] !== parcel.requestId) {
      throw new Refusal(RSC.badRequest, 'Received wrong or missing request identifier');
    }
    const rsc = Number(headers['x-m2m-rsc']);
    return Number.isInteger(rsc) && statusCode > 0 ? rsc : RSC.internalServerError;
  }

  async #exchange(parcel: Parcel): ReturnType<typeof send> {
    const signal = AbortSignal.timeout(this.#timeout);
    try {
      return await send(parcel.url, {
        method: 'POST',
        dispatcher: this.#agent,
        signal,
        body: parcel.body,
        headers: {
          'X-M2M-Origin': parcel.originator,
          'X-M2M-RI': parcel.requestId,
          ...(parcel.releaseVersion === undefined ? {} : { 'X-M2M-RVI': parcel.releaseVersion }),
          'X-M2M-OT': parcel.timestamp,
          'Content-Type': 'application/json',
        },
      });
    } catch (error) {
      if (signal.aborted) throw new Refusal(RSC.requestTimeout, `no answer within ${this.#timeout} ms`);
      throw new Refusal(RSC.targetNotReachable, `target not reachable: ${errorMessage(error)}`);
    }
  }

  /** Takes notifications again after `close`. */
  reopen(): void {
    if (!this.#closed) return;
    this.#closed = false;
    this.#agent = this.#open();
  }

  /** Ends what is in flight and takes nothing more. */
  async close(): Promise<void> {
    this.#closed = true;
    this.#queue.length = 0;
    await this.#agent.destroy();
  }
}
