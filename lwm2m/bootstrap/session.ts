import { type Clock, errorMessage, IpeError, type Timer } from '../../common/index.ts';
import type { CoapReply, OutgoingRequest, RequestOptions } from '../coap/outgoing-request.ts';
import type { Peer } from '../coap/types.ts';
import type { BootstrapClient, BootstrapResult } from './handler.ts';
import { bootstrapRequest, type ContentModel, operationName } from './operation.ts';
import type { BootstrapPlan } from './plan.ts';
import { type BootstrapStep, beginBootstrap, bootstrapAnswered } from './progress.ts';

/** How long a session and each of its operations may take, milliseconds. */
export interface SessionTimes {
  readonly operation: number;
  readonly session: number;
}

/** What a session works with. */
export interface SessionParts {
  readonly request: (peer: Peer, request: OutgoingRequest, options: RequestOptions) => Promise<CoapReply>;
  readonly model: (version: string) => ContentModel;
  readonly clock: Clock;
  readonly times: SessionTimes;
}

type Ending = Extract<BootstrapResult, { kind: 'overtaken' | 'expired' | 'stopped' }>['kind'];

/** One client's way from Bootstrap-Request to Bootstrap-Finish. */
export class BootstrapSession {
  readonly client: BootstrapClient;
  /** On the monotonic clock. */
  readonly startedAt: number;
  readonly #parts: SessionParts;
  readonly #abort = new AbortController();
  readonly #timer: Timer;
  #ending: Ending | undefined;

  constructor(client: BootstrapClient, parts: SessionParts) {
    this.client = client;
    this.#parts = parts;
    this.startedAt = parts.clock.monotonic();
    this.#timer = parts.clock.timer(parts.times.session, () => this.end('expired'));
  }

  /** Why it was ended from outside, if it was. */
  get ending(): Ending | undefined {
    return this.#ending;
  }

  /** Ends it: what is under way is given up, nothing more is asked. */
  end(why: Ending): void {
    if (this.#ending !== undefined) return;
    this.#ending = why;
    this.#timer.cancel();
    this.#abort.abort();
  }

  /** Nothing is to happen any more. */
  release(): void {
    this.#timer.cancel();
  }

  /** Carries a plan out; never rejects. */
  async run(plan: BootstrapPlan): Promise<BootstrapResult> {
    let step: BootstrapStep = beginBootstrap(plan, { preferred: this.client.preferredFormat });
    while (step.kind === 'ask' && this.#ending === undefined) {
      const { operation } = step;
      try {
        step = bootstrapAnswered(step.progress, await this.#ask(step));
      } catch (error) {
        if (this.#ending !== undefined) break;
        const reason = error instanceof IpeError ? `${error.code}: ${error.message}` : errorMessage(error);
        return { kind: 'failed', operation: operationName(operation), reason };
      }
    }
    if (this.#ending !== undefined) return { kind: this.#ending };
    return resultOf(step);
  }

  async #ask({ operation, progress }: BootstrapStep & { kind: 'ask' }): Promise<CoapReply> {
    const { request, model, times } = this.#parts;
    const message = bootstrapRequest(operation, progress.formats[0]!, model(progress.version));
    return request(this.client.peer, message, { timeout: times.operation, signal: this.#abort.signal });
  }
}

function resultOf(step: BootstrapStep): BootstrapResult {
  if (step.kind === 'refused') return { kind: 'refused', operation: step.operation, code: step.code };
  const { version, written, tolerated } = step.progress;
  return { kind: 'finished', version, written, tolerated };
}
