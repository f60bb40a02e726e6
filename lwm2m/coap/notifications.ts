import { errorMessage } from '../../common/index.ts';
import type { AnswerSender } from './answer-sender.ts';
import { blockOf } from './block.ts';
import { ACK, CON, NON, RST } from './codes.ts';
import type { LayerContext } from './layer-context.ts';
import type { CoapNotification, NotificationHandler } from './notification.ts';
import { type ArrivedNotification, NotificationLine } from './notification-line.ts';
import { type FindObserved, ObservedRequests, observationKey } from './observed-requests.ts';
import type { CoapReply, OutgoingRequest } from './outgoing-request.ts';
import type { OutgoingRequests } from './outgoing-requests.ts';
import { OwedAcknowledgement } from './owed-acknowledgement.ts';
import { isSuccess, type ReplyMessage } from './reply-reader.ts';
import type { Peer } from './types.ts';

/** Held back for one observation at most; a device that notifies faster than it can be asked is not waited for. */
const HELD_PER_OBSERVATION = 8;

/** A request of ours for the observation, which has no answer yet. */
type Observing = NonNullable<ReturnType<OutgoingRequests['observing']>>;

export interface NotificationsOptions {
  readonly handler: NotificationHandler | undefined;
  /** Who knows the requests of observations; this remembers those it sees where nobody does. */
  readonly observed: FindObserved | undefined;
}

/**
 * Responses that answer no open request (RFC 7641 3.2): acknowledged or reset, made whole (RFC 7959 2.6), and handed on in
 * order for each (peer, token).
 */
export class Notifications {
  readonly #context: LayerContext;
  readonly #sender: AnswerSender;
  readonly #outgoing: OutgoingRequests;
  readonly #handler: NotificationHandler | undefined;
  readonly #observed: FindObserved;
  readonly #remembered: ObservedRequests | undefined;
  readonly #lines = new Map<string, NotificationLine>();
  #held = 0;
  #stopped = false;

  constructor(
    context: LayerContext,
    sender: AnswerSender,
    outgoing: OutgoingRequests,
    { handler, observed }: NotificationsOptions,
  ) {
    this.#context = context;
    this.#sender = sender;
    this.#outgoing = outgoing;
    this.#handler = handler;
    // Without anybody to take notifications there is nothing to remember.
    this.#remembered =
      handler !== undefined && observed === undefined ? new ObservedRequests(context.limits.observations) : undefined;
    this.#observed = observed ?? this.#remembered?.find ?? (() => undefined);
  }

  /** Notifications that wait for something before them. */
  get held(): number {
    return this.#held;
  }

  /**
   * Takes a response, no duplicate, that answers no open request. Some devices notify in acknowledgements, against RFC
   * 7641 4.5: their values are taken, and nothing is ever sent back.
   */
  receive(peer: Peer, type: number, messageId: number, token: Buffer, reply: ReplyMessage, digest: number): void {
    // A device sends what nobody acknowledges again: to whoever serves here next.
    if (this.#stopped) return;
    const observing = this.#observing(peer, token);
    const isPartial = reply.block2 !== undefined && (blockOf(reply.block2).more || blockOf(reply.block2).number > 0);
    const request = isPartial && this.#handler ? (observing?.request ?? this.#requestOf(peer, token)) : undefined;
    const receivedAt = this.#context.now();
    const arrived: ArrivedNotification = { peer, type, messageId, token, reply, receivedAt, request };
    const line = this.#lines.size === 0 ? undefined : this.#lines.get(observationKey(peer, token));
    if (isPartial && request === undefined) {
      this.#refuse(peer, type, messageId);
    } else if (line === undefined && observing === undefined && !isPartial) {
      const taken = this.#handOn(arrived, reply);
      if (taken === false) this.#refuse(peer, type, messageId);
      else this.#accept(peer, type, messageId, digest, taken);
    } else {
      this.#hold(arrived, line, observing, digest);
    }
  }

  /** Our own request for an observation, or for the end of one, has ended. */
  settled(peer: Peer, token: Buffer, request: OutgoingRequest, reply: CoapReply | undefined): void {
    this.#remembered?.settled(peer, token, request, reply);
    const line = this.#lines.get(observationKey(peer, token));
    // A moment later: whoever asked sees the reply before what follows it.
    if (line?.awaitsReply) this.#context.deadlines.set(line, this.#context.now());
  }

  /** Takes no more, and hands on what is whole. */
  stop(): void {
    this.#stopped = true;
    for (const line of [...this.#lines.values()]) {
      // What is not whole is left to whoever serves here next.
      if (line.isFetching) for (const { owed } of line.waiting) owed?.withhold();
      if (line.place >= 0) this.#release(line);
    }
  }

  #observing(peer: Peer, token: Buffer): Observing | undefined {
    const entry = this.#context.peers.find(peer.key);
    return entry === undefined ? undefined : this.#outgoing.observing(entry, token);
  }

  #hold(
    arrived: ArrivedNotification,
    known: NotificationLine | undefined,
    observing: Observing | undefined,
    digest: number,
  ): void {
    const { limits, counters } = this.#context;
    const { peer, type, messageId, token } = arrived;
    const waiting = known?.waiting.length ?? 0;
    if (waiting >= HELD_PER_OBSERVATION || this.#held >= limits.heldNotifications) {
      counters.droppedBusy++;
      return;
    }
    const acknowledge = this.#remember(peer, type, messageId, digest);
    // Whole, and in the way of no blocks: its values wait for the answer, and it with them.
    const isPatient = observing?.renews === true && arrived.request === undefined;
    const owed = acknowledge && new OwedAcknowledgement(this.#context, acknowledge, !isPatient);
    const awaitsReply = observing !== undefined;
    const line = known ?? new NotificationLine(observationKey(peer, token), awaitsReply, (one) => this.#release(one));
    this.#lines.set(line.key, line);
    line.waiting.push(owed === undefined ? arrived : { ...arrived, owed });
    this.#held++;
    this.#advance(line);
  }

  #release(line: NotificationLine): void {
    this.#context.deadlines.cancel(line);
    line.awaitsReply = false;
    this.#advance(line);
  }

  /** Hands on what is whole, up to the first that has to be fetched. */
  #advance(line: NotificationLine): void {
    if (line.awaitsReply || line.isFetching) return;
    for (let next = line.waiting[0]; next !== undefined; next = line.waiting[0]) {
      if (next.request !== undefined) {
        this.#fetch(line, next, next.request);
        return;
      }
      this.#take(line, next.reply);
    }
    this.#lines.delete(line.key);
  }

  #fetch(line: NotificationLine, arrived: ArrivedNotification, request: OutgoingRequest): void {
    const { peer, reply: first } = arrived;
    line.isFetching = true;
    const proceed = (whole: CoapReply | undefined): void => {
      line.isFetching = false;
      this.#take(line, whole);
      this.#advance(line);
    };
    const progress = () => {
      for (const { owed } of line.waiting) owed?.extend();
    };
    this.#outgoing.fetchRest(peer, request, first, progress).then(
      (reply) => proceed(isSuccess(reply) ? reply : undefined),
      (error: unknown) => {
        this.#context.logger.debug('a notification was not had whole', { peer: peer.key, reason: errorMessage(error) });
        proceed(undefined);
      },
    );
  }

  /** The first in line, whole, goes on; undefined when it could not be had. */
  #take(line: NotificationLine, whole: CoapReply | undefined): void {
    const arrived = line.waiting.shift() as ArrivedNotification;
    this.#held--;
    if (whole === undefined) {
      this.#context.counters.brokenNotifications++;
      // It would be had no better when it came again, and unacknowledged it would end the observation (RFC 7641 4.5).
      if (!this.#stopped) arrived.owed?.settle(true);
      return;
    }
    const taken = this.#handOn(arrived, whole);
    if (taken === false) this.#refuseLate(arrived);
    else arrived.owed?.settle(taken);
  }

  /** One that had to be acknowledged before is not reset any more: the reset of the next one will say it. */
  #refuseLate({ peer, type, messageId, owed }: ArrivedNotification): void {
    const isOpen = type === NON || owed?.isOwed === true;
    owed?.withhold();
    if (isOpen) this.#refuse(peer, type, messageId);
    else this.#context.counters.unmatched++;
  }

  #handOn(arrived: ArrivedNotification, whole: CoapReply): boolean | Promise<void> {
    if (this.#handler === undefined) return false;
    const { peer, token, type, messageId, receivedAt } = arrived;
    const { code, observe, contentFormat, payload } = whole;
    const confirmable = type === CON;
    const taken = this.#call(this.#handler, {
      peer,
      token,
      code,
      observe,
      contentFormat,
      payload,
      confirmable,
      receivedAt,
      messageId,
    });
    // An error, a response without Observe, or our reset ends the observation (RFC 7641 3.2, 3.6, 4.2).
    if (taken === false || observe === undefined || !isSuccess(whole)) this.#remembered?.forget(peer, token);
    if (taken !== false) this.#context.counters.notifications++;
    return taken;
  }

  #call(handler: NotificationHandler, notification: CoapNotification): boolean | Promise<void> {
    try {
      return handler(notification);
    } catch (error) {
      this.#failed(error);
      return true; // Our own failure is no reason to end what the device was asked for.
    }
  }

  #requestOf(peer: Peer, token: Buffer): OutgoingRequest | undefined {
    try {
      return this.#observed(peer, token);
    } catch (error) {
      this.#failed(error);
      return undefined;
    }
  }

  #failed(error: unknown): void {
    this.#context.counters.handlerFailures++;
    this.#context.logger.error('a CoAP notification could not be served', { reason: errorMessage(error) });
  }

  /** Until it is `taken` a CON one that comes again is not answered. */
  #accept(peer: Peer, type: number, messageId: number, digest: number, taken: true | Promise<void>): void {
    const acknowledge = this.#remember(peer, type, messageId, digest);
    if (acknowledge === undefined) return;
    if (taken === true) acknowledge();
    else taken.then(acknowledge, acknowledge);
  }

  /** Tells copies of a message apart from now on; gives what acknowledges it and each copy after that, where it is CON. */
  #remember(peer: Peer, type: number, messageId: number, digest: number): (() => void) | undefined {
    // The message ids of acknowledgements are ours; their numbers of Observe tell copies apart.
    if (type === ACK) return undefined;
    const { recent, peers, now } = this.#context;
    const entry = peers.obtain(peer);
    const message = recent.add(entry, messageId, digest, type, now());
    if (type !== CON) return undefined;
    return () => {
      recent.setEmpty(message);
      this.#sender.sendEmpty(entry.peer, ACK, messageId);
    };
  }

  #refuse(peer: Peer, type: number, messageId: number): void {
    this.#context.counters.unmatched++;
    // Where nobody takes notifications a NON response is only late (RFC 7252 4.3).
    if (type === CON || (type === NON && this.#handler !== undefined)) this.#sender.sendEmpty(peer, RST, messageId);
  }
}
