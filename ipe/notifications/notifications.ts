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
import { isFrom, type NotificationSource } from './sender.ts';

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

/** notificationEventTypes whose notification waits for an answer, and comes from whoever made the request (TS-0004 6.3.4.2.19). */
const BLOCKING: ReadonlySet<number | undefined> = new Set([7, 9, 10]);
/** Milliseconds for which refusals of one kind are told once in the log; the others are counted. */
const TELLING = 60_000;
/** Characters of a request identifier that is given back. */
const REQUEST_ID = /^[\x21-\x7e]{1,256}$/;

const RSC = {
  ok: 2000,
  badRequest: 4000,
  notFound: 4004,
  notAllowed: 4005,
  requestTimeout: 4008,
  creatorHasNoPrivilege: 4101,
  originatorHasNoPrivilege: 4103,
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
  #source: NotificationSource = { cseId: undefined, named: false };
  /** When refusals were last told, by problem, and how many came since. */
  readonly #told = new Map<NotificationProblem, { readonly at: number; silent: number }>();

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

  /** Takes notifications of this CSE alone from now on. */
  expectFrom(source: NotificationSource): void {
    this.#source = source;
  }

  /** Counts a request that does not know the secret part of the pointOfAccess. */
  stray(): void {
    this.#refuse('path', RSC.notFound, 'the path is not that of the pointOfAccess');
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
      ...(typeof requestId === 'string' && REQUEST_ID.test(requestId) ? { rqi: requestId } : {}),
      ...(request?.rvi === undefined || !REQUEST_ID.test(request.rvi) ? {} : { rvi: request.rvi }),
    });
  }

  #refusal(error: unknown): NotificationAnswer {
    const { problem, rsc, text } = refused(error);
    this.#refuse(problem, rsc, errorMessage(error));
    return { rsc, pc: { 'm2m:dbg': text } };
  }

  /** Whoever sends much that is refused must not fill the log. */
  #refuse(problem: NotificationProblem, rsc: number, reason: string): void {
    this.counters.refused[problem] += 1;
    const now = this.#clock.monotonic();
    const last = this.#told.get(problem);
    if (last !== undefined && now - last.at < TELLING) {
      last.silent += 1;
      return;
    }
    this.#told.set(problem, { at: now, silent: 0 });
    const level = rsc === RSC.internalServerError ? 'error' : 'warn';
    const more = last === undefined || last.silent === 0 ? {} : { others: last.silent };
    this.#logger[level]('notification refused', { problem, rsc, reason, ...more });
  }

  async #notified(request: RequestPrimitive): Promise<NotificationAnswer> {
    if (request.op !== Operation.notify) {
      throw new Refused('operation', RSC.notAllowed, 'only notifications are taken here');
    }
    // Some CSEs address the pointOfAccess itself, which is that of one AE alone.
    if (request.to !== '' && lastName(request.to) !== this.#settings.originator) {
      throw new Refused('target', RSC.notFound, 'there is no such AE here');
    }
    // First all are looked at, so that one that is not ours spoils the whole.
    const decoded = decodeNotification(request.pc);
    const blocking = decoded.every((one) => one.kind === 'event' && BLOCKING.has(one.eventType));
    if (!blocking && !isFrom(this.#source, request.fr)) {
      throw new Refused('sender', RSC.originatorHasNoPrivilege, 'notifications are taken from the CSE alone');
    }
    const deliveries = decoded.flatMap((notification) => this.#delivery(notification));
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

/** What was wrong in it stands in the log: an answer gives nothing back of what came. */
const MALFORMED = 'not a notification';

function refused(error: unknown): { problem: NotificationProblem; rsc: number; text: string } {
  if (error instanceof Refused) return { problem: error.problem, rsc: error.rsc, text: errorMessage(error) };
  if (error instanceof CseError) {
    const rsc = error.rsc ?? RSC.badRequest;
    return { problem: rsc === RSC.notAllowed ? 'operation' : 'malformed', rsc, text: MALFORMED };
  }
  if (error instanceof DecodeError) return { problem: 'malformed', rsc: RSC.badRequest, text: MALFORMED };
  return { problem: 'unanswered', rsc: RSC.internalServerError, text: 'internal error' };
}
