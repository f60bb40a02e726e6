import { type Clock, DecodeError, errorMessage, IpeError, type Logger } from '../../common/index.ts';
import {
  CseError,
  type DeletionNotice,
  decodeNotification,
  type EventNotification,
  fromHttpRequest,
  type HttpResponse,
  type IncomingHttpRequest,
  type Notification,
  Operation,
  type RequestPrimitive,
  toHttpResponse,
} from '../../cse-client/index.ts';
import { type NotificationProblem, newNotificationCounters } from './counters.ts';
import { cseRelative, lastName } from './cse-relative.ts';

/** What a receiver has the CSE told. */
export interface NotificationAnswer {
  /** Response status code (TS-0004 6.6); 2000 where all is well. */
  readonly rsc: number;
  readonly pc?: unknown;
}

/**
 * Takes one notification of a subscription. With undefined the CSE is answered 2000 at once; with a promise it waits,
 * for as long as `answerTime` allows. Throws nothing.
 */
export type NotificationReceiver = (
  notification: EventNotification | DeletionNotice,
) => Promise<NotificationAnswer> | undefined;

/** How a CSE names a subscription: one by its resource ID, another by its structured address. */
export interface SubscriptionNames {
  /** Resource ID, also behind the CSE-ID. */
  readonly ri: string;
  /** Structured address, from the CSEBase's name on. */
  readonly address: string;
}

/** Whose notifications are taken, and how long the CSE may be kept waiting. */
export interface NotificationSettings {
  /** AE-ID of the IPE. */
  readonly originator: string;
  /** Milliseconds that a receiver has for its answer. */
  readonly answerTime: number;
  /** NOTIFY requests that wait for their answer at once; further ones that would have to are refused. */
  readonly maxWaiting: number;
}

const RSC = {
  ok: 2000,
  badRequest: 4000,
  notFound: 4004,
  notAllowed: 4005,
  requestTimeout: 4008,
  creatorHasNoPrivilege: 4101,
  internalServerError: 5000,
  targetNotReachable: 5103,
} as const;

/**
 * All notifications of the CSE for the IPE's AE (TS-0001 10.2.10): each goes to who made the subscription. Over plain HTTP
 * nobody proves who it is, so that a receiver takes a notification for a hint and reads what it acts on from the CSE.
 */
export class Notifications {
  readonly counters = newNotificationCounters();
  readonly #settings: NotificationSettings;
  readonly #clock: Clock;
  readonly #logger: Logger;
  /** By resource ID, which has no slash, and by structured address, which has some. */
  readonly #receivers = new Map<string, NotificationReceiver>();
  #waiting = 0;

  constructor(settings: NotificationSettings, clock: Clock, logger: Logger) {
    this.#settings = settings;
    this.#clock = clock;
    this.#logger = logger;
  }

  /** Hands notifications of a subscription of ours to a receiver, in place of an earlier one. Call the result to end that. */
  add({ ri, address }: SubscriptionNames, receiver: NotificationReceiver): () => void {
    const names = [lastName(ri), address];
    // One of its own for each call, so that an earlier one's end does not end a later one.
    const own: NotificationReceiver = (notification) => receiver(notification);
    for (const name of names) this.#receivers.set(name, own);
    return () => {
      for (const name of names) if (this.#receivers.get(name) === own) this.#receivers.delete(name);
    };
  }

  /** Subscriptions known, counted by their names: two each. */
  get names(): number {
    return this.#receivers.size;
  }

  /** Answers a NOTIFY of the CSE; whatever comes, the answer says what was wrong with it. Never rejects. */
  async receive(http: IncomingHttpRequest): Promise<HttpResponse> {
    let request: RequestPrimitive | undefined;
    let answer: NotificationAnswer;
    try {
      request = fromHttpRequest(http);
      answer = await this.#notified(request);
      this.counters.accepted += 1;
    } catch (error) {
      answer = this.#refusal(error);
    }
    const requestId = request?.rqi ?? http.headers['x-m2m-ri'];
    return toHttpResponse({
      ...answer,
      ...(typeof requestId === 'string' && requestId !== '' ? { rqi: requestId } : {}),
      ...(request?.rvi === undefined ? {} : { rvi: request.rvi }),
    });
  }

  #refusal(error: unknown): NotificationAnswer {
    const { problem, rsc, text } = refused(error);
    this.counters.refused[problem] += 1;
    const level = rsc === RSC.internalServerError ? 'error' : 'debug';
    this.#logger[level]('notification refused', { problem, rsc, reason: errorMessage(error) });
    return { rsc, pc: { 'm2m:dbg': text } };
  }

  async #notified(request: RequestPrimitive): Promise<NotificationAnswer> {
    if (request.op !== Operation.notify) {
      throw new Refused('operation', RSC.notAllowed, 'only notifications are taken here');
    }
    if (lastName(request.to) !== this.#settings.originator) {
      throw new Refused('target', RSC.notFound, 'there is no such AE here');
    }
    // First all are looked at, so that one that is not ours spoils the whole.
    const deliveries = decodeNotification(request.pc).flatMap((notification) => this.#delivery(notification));
    const promised = deliveries.flatMap((deliver) => deliver() ?? []);
    return promised.length === 0 ? { rsc: RSC.ok } : this.#wait(promised);
  }

  /** What there is to do for a notification: nothing for a verification that is in order. */
  #delivery(notification: Notification): (() => ReturnType<NotificationReceiver>)[] {
    const { creator, subscription } = notification;
    if (creator !== undefined && lastName(creator) !== this.#settings.originator) {
      throw new Refused('creator', RSC.creatorHasNoPrivilege, 'the subscription is not one of this AE');
    }
    if (notification.kind === 'verification') return [];
    const receiver = this.#receivers.get(cseRelative(subscription ?? ''));
    if (receiver === undefined) {
      throw new Refused('subscription', RSC.notFound, 'there is no such subscription here');
    }
    return [() => receiver(notification)];
  }

  /** Of several answers the first that is none of success, else the last. */
  async #wait(promised: readonly Promise<NotificationAnswer>[]): Promise<NotificationAnswer> {
    const answered = Promise.all(promised);
    // Nobody waits for it any more when the time is over.
    answered.catch(() => undefined);
    if (this.#waiting >= this.#settings.maxWaiting) {
      throw new Refused('busy', RSC.targetNotReachable, 'too many notifications wait for their answer');
    }
    this.#waiting += 1;
    let timer: { cancel(): void } | undefined;
    const late = new Promise<never>((_resolve, reject) => {
      timer = this.#clock.timer(this.#settings.answerTime, () =>
        reject(new Refused('unanswered', RSC.requestTimeout, 'no answer in time')),
      );
    });
    try {
      const answers = await Promise.race([answered, late]);
      return answers.find(({ rsc }) => rsc >= RSC.badRequest) ?? (answers.at(-1) as NotificationAnswer);
    } finally {
      timer?.cancel();
      this.#waiting -= 1;
    }
  }
}

/** A NOTIFY that is not taken. */
class Refused extends IpeError {
  readonly problem: NotificationProblem;
  readonly rsc: number;

  constructor(problem: NotificationProblem, rsc: number, text: string) {
    super('cse/notification', text);
    this.problem = problem;
    this.rsc = rsc;
  }
}

function refused(error: unknown): { problem: NotificationProblem; rsc: number; text: string } {
  const text = errorMessage(error);
  if (error instanceof Refused) return { problem: error.problem, rsc: error.rsc, text };
  if (error instanceof CseError) {
    const rsc = error.rsc ?? RSC.badRequest;
    return { problem: rsc === RSC.notAllowed ? 'operation' : 'malformed', rsc, text };
  }
  if (error instanceof DecodeError) return { problem: 'malformed', rsc: RSC.badRequest, text };
  return { problem: 'unanswered', rsc: RSC.internalServerError, text: 'internal error' };
}
