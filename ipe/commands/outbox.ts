import { errorMessage } from '../../common/index.ts';
import { CseError, type Dialect, ResourceType } from '../../cse-client/index.ts';
import { type Registration, registrationFields } from '../../lwm2m/index.ts';
import { type CommandResponse, requestLabel } from '../../mappings/index.ts';
import { isNameTaken, isPresenceLost } from '../cse/refusals.ts';
import type { Lanes } from '../lanes.ts';
import type { CommandCounters, CommandParts } from './parts.ts';

/** The states of a request that leave a contentInstance, as the end of its resourceName. */
export const MARKS = { queued: 'q', sent: 's', final: 'f' } as const;
export type Mark = (typeof MARKS)[keyof typeof MARKS];

const BACKOFF = { least: 1_000, most: 60_000 } as const;
/** Repairs in a row after which a refusal is final. */
const REPAIRS = 3;
/** Room that a body needs beside the content, bytes. */
const BODY_OVERHEAD = 512;

/** resourceName of the response to a request in a state; a request has each at most once, whoever writes it. */
export function responseName(key: string, mark: Mark): string {
  return `${key}-${mark}`;
}

/** A resource ID as part of a resourceName that every CSE takes. */
export function requestKey(resourceId: string): string {
  const last = resourceId.split('/').at(-1) ?? '';
  return `r${last.replaceAll(/[^A-Za-z0-9.-]/g, '_')}`.slice(0, 64);
}

/** Writes the responses of one device: each under a name of its own, so that one written again is seen. */
export class Outbox {
  readonly #parts: CommandParts;
  readonly #counters: CommandCounters;
  readonly #lanes: Lanes;
  readonly #responses: () => string;
  readonly #rebuild: () => Promise<unknown>;
  readonly #registration: () => Registration;
  readonly #waiting = new Set<() => void>();
  #ended = false;

  /** `rebuild` makes the containers again. */
  constructor(
    parts: CommandParts,
    counters: CommandCounters,
    lanes: Lanes,
    responses: () => string,
    rebuild: () => Promise<unknown>,
    registration: () => Registration,
  ) {
    this.#parts = parts;
    this.#counters = counters;
    this.#lanes = lanes;
    this.#responses = responses;
    this.#rebuild = rebuild;
    this.#registration = registration;
  }

  /** Writes until it is written; false when the CSE refuses it for good, or the outbox ended. */
  async write(key: string, mark: Mark, response: CommandResponse): Promise<boolean> {
    let backoff: number = BACKOFF.least;
    for (let repairs = 0; !this.#ended; ) {
      try {
        await this.writeOnce(key, mark, response);
        return true;
      } catch (error) {
        this.#parts.availability.failed(error);
        if (!(error instanceof CseError)) throw error;
        if (error.rsc !== undefined && !error.retryable) {
          repairs += 1;
          if (repairs <= REPAIRS && (await this.#repair(error))) continue;
          this.#counters.undelivered += 1;
          this.#parts.logger.warn('the CSE refuses a response', {
            ...registrationFields(this.#registration()),
            command: response.id,
            reason: error.message,
          });
          return false;
        }
        await this.#pause(backoff);
        backoff = Math.min(backoff * 2, BACKOFF.most);
      }
    }
    return false;
  }

  /** One attempt; what is there already counts as written. Rejects with CseError. */
  async writeOnce(key: string, mark: Mark, response: CommandResponse): Promise<void> {
    const { client, cse } = this.#parts;
    const attributes = {
      rn: responseName(key, mark),
      lbl: [requestLabel(response.id)],
      ...content(response, cse().dialect),
    };
    try {
      await this.#lanes.run(() => client.create(ResourceType.contentInstance, this.#responses(), attributes));
    } catch (error) {
      if (!isNameTaken(error)) throw error;
    }
  }

  /** Tries at once: the CSE answers again. */
  hurry(): void {
    for (const wake of [...this.#waiting]) wake();
  }

  /** No further attempts. */
  end(): void {
    this.#ended = true;
    this.hurry();
  }

  /** True when it is worth another try. */
  async #repair(error: CseError): Promise<boolean> {
    const { presence, availability, logger } = this.#parts;
    try {
      if (error.rsc === 4004) {
        await this.#rebuild();
        return true;
      }
      return isPresenceLost(error) && (await presence.restore(presence.generation));
    } catch (failure) {
      availability.failed(failure);
      const fields = registrationFields(this.#registration());
      logger.debug('the containers of commands cannot be made', { ...fields, reason: errorMessage(failure) });
      return false;
    }
  }

  #pause(delay: number): Promise<void> {
    const { clock } = this.#parts;
    return new Promise((resolve) => {
      const wake = () => {
        timer.cancel();
        this.#waiting.delete(wake);
        resolve();
      };
      const timer = clock.timer(delay, wake);
      this.#waiting.add(wake);
    });
  }
}

/** A value that is larger than the CSE takes is left out, and said to be. */
function content(response: CommandResponse, dialect: Dialect): { con: unknown; cnf?: string } {
  const limit = Math.min(dialect.contentMaxBytes, dialect.bodyMaxBytes - BODY_OVERHEAD);
  const text = JSON.stringify(response);
  if (Buffer.byteLength(text) <= limit) return formed(response, text, dialect);
  const { value: _, ...rest } = response;
  const shorter = { ...rest, reason: 'the value is larger than the CSE takes' };
  return formed(shorter, JSON.stringify(shorter), dialect);
}

function formed(response: CommandResponse, text: string, { content }: Dialect): { con: unknown; cnf?: string } {
  return content === 'any' ? { con: response } : { con: text, cnf: 'application/json:0' };
}
