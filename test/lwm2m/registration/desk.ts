import type { LogFields, Logger } from '../../../common/index.ts';
import { silentLogger } from '../../../common/index.ts';
import {
  type Answer,
  type CoapRequest,
  type CoapResponse,
  type Peer,
  type Refusal,
  type Registration,
  type RegistrationHandler,
  type RegistrationLimits,
  RegistrationService,
} from '../../../lwm2m/index.ts';
import { HeldClock } from '../../support/held-clock.ts';

export const FOUR_LINKS = '</>;rt="oma.lwm2m";ct="60 110 112 11542 11543",</1/0>,</3/0>,</3303/0>';

export function peer(port: number, address = '127.0.0.1'): Peer {
  return { address, port, key: `${address}|${port}` };
}

export interface RequestParts {
  readonly payload?: string | Buffer;
  readonly contentFormat?: number | undefined;
  readonly port?: number;
}

/** A request as the endpoint hands it over. */
export function post(
  query: readonly string[],
  { payload = '', contentFormat = 40, port = 5000 }: RequestParts = {},
): CoapRequest {
  return {
    peer: peer(port),
    method: 'POST',
    path: ['rd'],
    query,
    token: Buffer.alloc(0),
    payload: Buffer.from(payload),
    ...(contentFormat === undefined ? undefined : { contentFormat }),
  };
}

/** One call of the handler; a slow handler's answer is given by the test. */
export interface Call {
  readonly operation: 'register' | 'update' | 'deregister' | 'expire';
  readonly registration: Registration;
  readonly previous: Registration | undefined;
  readonly answer: (refusal?: Refusal) => Promise<void>;
  readonly fail: (error: unknown) => Promise<void>;
}

export interface DeskOptions {
  readonly slow?: boolean;
  readonly limits?: Partial<RegistrationLimits>;
  readonly handler?: Partial<RegistrationHandler>;
}

/** A registration interface with a clock in the hand and a handler whose every call is seen. */
export class Desk {
  readonly clock = new HeldClock();
  readonly calls: Call[] = [];
  readonly logged: LogFields[] = [];
  readonly service: RegistrationService;
  /** What the interface asks; a test may put other answers in. */
  readonly handler: RegistrationHandler;
  /** What a quick handler answers. */
  verdict: Refusal | undefined;
  private readonly slow: boolean;

  constructor({ slow = false, limits = {}, handler = {} }: DeskOptions = {}) {
    this.slow = slow;
    const logger: Logger = { ...silentLogger, error: (_message, fields) => void this.logged.push(fields ?? {}) };
    this.handler = {
      register: (registration, previous) => this.called('register', registration, previous),
      update: (registration, previous) => this.called('update', registration, previous),
      deregister: (registration) => this.called('deregister', registration),
      expire: (registration) => this.called('expire', registration) as Promise<void> | undefined,
      ...handler,
    };
    const lifetime = { min: 10, max: 10_000_000, default: 86_400 };
    this.service = new RegistrationService(
      { lifetime, clock: this.clock, logger, limits, random: () => 0.5 },
      this.handler,
    );
  }

  get registrations() {
    return this.service.registrations;
  }

  /** Registers `ep` at once and returns its id. */
  register(ep: string, query: readonly string[] = [], parts: RequestParts = { payload: FOUR_LINKS }): string {
    const response = this.service.register(post([`ep=${ep}`, ...query], parts)) as CoapResponse;
    if (response.code !== '2.01') throw new Error(`${response.code} ${String(response.payload)}`);
    return response.locationPath![1]!;
  }

  codeOf(reply: CoapResponse | Promise<CoapResponse>): string {
    return (reply as CoapResponse).code;
  }

  /** What the handler was asked, as words. */
  get story(): string[] {
    return this.calls.map(({ operation, registration }) => `${operation} ${registration.endpoint}`);
  }

  private called(operation: Call['operation'], registration: Registration, previous?: Registration): Answer {
    let resolve: (refusal: Refusal | undefined) => void = () => {};
    let reject: (error: unknown) => void = () => {};
    const promise = new Promise<Refusal | undefined>((yes, no) => {
      resolve = yes;
      reject = no;
    });
    const then = async () => {
      await new Promise((done) => setImmediate(done));
    };
    this.calls.push({
      operation,
      registration,
      previous,
      answer: (refusal) => {
        resolve(refusal);
        return then();
      },
      fail: (error) => {
        reject(error);
        return then();
      },
    });
    return this.slow ? promise : this.verdict;
  }
}

/** Waits until all that was begun and needs no time has happened. */
export function settled(): Promise<void> {
  return new Promise((done) => setImmediate(done));
}
