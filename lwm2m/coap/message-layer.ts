import type { Logger } from '../../common/index.ts';
import { silentLogger } from '../../common/index.ts';
import { AnswerSender } from './answer-sender.ts';
import { ACK, CODE, CON, isResponseCode, NON, RST } from './codes.ts';
import { type CoapCounters, newCounters } from './counters.ts';
import { Deadlines } from './deadlines.ts';
import { digestOf } from './digest.ts';
import { IncomingRequests } from './incoming-requests.ts';
import type { LayerContext } from './layer-context.ts';
import { type CoapMessage, decodeMessage, MAX_TOKEN_LENGTH } from './message.ts';
import type { NotificationHandler } from './notification.ts';
import { Notifications } from './notifications.ts';
import type { FindObserved } from './observed-requests.ts';
import type { CoapReply, OutgoingRequest, RequestOptions } from './outgoing-request.ts';
import { OutgoingRequests } from './outgoing-requests.ts';
import { OwedAcknowledgement } from './owed-acknowledgement.ts';
import { type CoapLimits, DEFAULT_LIMITS, type TransmissionParameters, transmissionParameters } from './parameters.ts';
import { type PeerEntry, PeerTable } from './peers.ts';
import type { Admission } from './rate-limit.ts';
import { ANSWER, RecentMessages } from './recent-messages.ts';
import { replyOf } from './reply-reader.ts';
import { Transmissions } from './transmissions.ts';
import type { SendDatagram } from './transport.ts';
import type { CoapHandler, Peer } from './types.ts';

export interface MessageLayerOptions {
  readonly handler: CoapHandler;
  /** Takes responses that answer no open request; where absent, they are reset. */
  readonly notification?: NotificationHandler;
  /** Asked for a notification in blocks; where absent, observations of this layer are remembered. */
  readonly observed?: FindObserved;
  /**
   * Resolves when what was handed on before is kept; a CON answer to an Observe is acknowledged then. Undefined, or absent:
   * at once.
   */
  readonly durable?: () => Promise<void> | undefined;
  /** Told of a CoAP ping (RFC 7252 4.3) once it has its reset. */
  readonly ping?: (peer: Peer) => void;
  /** Milliseconds on the monotonic clock. */
  readonly now: () => number;
  /** At least 0, below 1; cannot be foreseen from outside. */
  readonly random: () => number;
  readonly send: SendDatagram;
  /** Told when {@link MessageLayer.tick} must be called earlier than was said before. */
  readonly wake: (at: number) => void;
  readonly logger?: Logger;
  /** Whether one more request, duplicate, ping or undecodable message is answered; absent: all are. */
  readonly admit?: (peer: Peer, now: number) => Admission;
  readonly limits?: Partial<CoapLimits>;
  readonly parameters?: Partial<TransmissionParameters>;
}

/** What a message layer holds at the moment, for metrics and for proof that it is bounded. */
export interface HeldByLayer {
  readonly peers: number;
  /** Messages remembered, and the memory for them and their answers. */
  readonly messages: number;
  readonly messageBytes: number;
  /** CON messages of ours that are not acknowledged. */
  readonly transmissions: number;
  readonly deadlines: number;
  /** Requests of peers whose answer is awaited. */
  readonly inProgress: number;
  readonly uploads: number;
  readonly uploadBytes: number;
  /** Requests of ours that run or wait. */
  readonly requests: number;
  /** Bytes of replies and notifications that are not whole yet. */
  readonly replyBytes: number;
  /** Notifications that wait for something before them. */
  readonly heldNotifications: number;
}

/**
 * The messages of RFC 7252 4 between datagrams and requests, both directions, without socket and timer: datagrams go in
 * by {@link receive}, time passes by {@link tick}, datagrams come out by `send`. Throws for no datagram.
 */
export class MessageLayer {
  readonly counters: CoapCounters = newCounters();
  readonly #context: LayerContext;
  readonly #transmissions: Transmissions;
  readonly #sender: AnswerSender;
  readonly #incoming: IncomingRequests;
  readonly #outgoing: OutgoingRequests;
  readonly #notifications: Notifications;
  readonly #ping: ((peer: Peer) => void) | undefined;
  readonly #durable: (() => Promise<void> | undefined) | undefined;

  constructor(options: MessageLayerOptions) {
    const { now, random, handler } = options;
    this.#ping = options.ping;
    this.#durable = options.durable;
    const counters = this.counters;
    const limits = { ...DEFAULT_LIMITS, ...options.limits };
    const parameters = transmissionParameters(options.parameters);
    const deadlines = new Deadlines(options.wake);
    const peers = new PeerTable(random);
    const { exchangeLifetime, nonLifetime } = parameters;
    const bounds = { exchangeLifetime, nonLifetime, count: limits.rememberedMessages, bytes: limits.rememberedBytes };
    const recent = new RecentMessages(peers, deadlines, bounds);
    const send: SendDatagram = (peer, buffer, offset, length) => {
      counters.sent++;
      options.send(peer, buffer, offset, length);
    };
    const logger = options.logger ?? silentLogger;
    const admit = options.admit ?? (() => 'served' as const);
    this.#context = { now, random, send, logger, admit, parameters, limits, counters, deadlines, peers, recent };
    this.#transmissions = new Transmissions(this.#context);
    this.#sender = new AnswerSender(this.#context, this.#transmissions);
    this.#incoming = new IncomingRequests(this.#context, this.#sender, handler);
    this.#outgoing = new OutgoingRequests(this.#context, this.#transmissions, (...settled) =>
      this.#notifications.settled(...settled),
    );
    const { notification, observed } = options;
    this.#notifications = new Notifications(this.#context, this.#sender, this.#outgoing, {
      handler: notification,
      observed,
    });
  }

  /** What is held at the moment. */
  get held(): HeldByLayer {
    const { peers, recent, deadlines } = this.#context;
    return {
      peers: peers.size,
      messages: recent.size,
      messageBytes: recent.bytes,
      transmissions: this.#transmissions.size,
      deadlines: deadlines.size,
      inProgress: this.#incoming.inProgress,
      uploads: this.#incoming.uploads.size,
      uploadBytes: this.#incoming.uploads.bytes,
      requests: this.#outgoing.size,
      replyBytes: this.#outgoing.replyBytes,
      heldNotifications: this.#notifications.held,
    };
  }

  /** When {@link tick} is next to be called; Infinity when nothing waits. */
  get nextTick(): number {
    return this.#context.deadlines.next;
  }

  /** Does what has fallen due: retransmissions, acknowledgements, timeouts, forgetting. */
  tick(): void {
    this.#context.deadlines.run(this.#context.now());
  }

  /** Takes in a datagram. The layer may keep it: its bytes must not change afterwards. */
  receive(data: Buffer, peer: Peer): void {
    this.counters.received++;
    if (data.length < 4 || (data[0] as number) >> 6 !== 1) {
      // Too short, or a version that is to be ignored in silence (RFC 7252 3).
      this.counters.undecodable++;
      return;
    }
    const type = ((data[0] as number) >> 4) & 3;
    const tokenLength = (data[0] as number) & 15;
    const code = data[1] as number;
    const messageId = ((data[2] as number) << 8) | (data[3] as number);
    const sound = tokenLength <= MAX_TOKEN_LENGTH && 4 + tokenLength <= data.length;
    if (!sound) {
      this.#reject(type, messageId, peer);
    } else if (code > 0 && code < 0x20 && type <= NON) {
      if (!this.#incoming.receive(data, type, messageId, peer)) this.#reject(type, messageId, peer);
    } else if (code === CODE.EMPTY && data.length === 4) {
      this.#receiveEmpty(type, messageId, peer);
    } else if (isResponseCode(code) && type !== RST) {
      this.#receiveReply(data, type, messageId, peer);
    } else {
      this.#reject(type, messageId, peer);
    }
  }

  /** Sends a request of ours; see {@link OutgoingRequests.request}. */
  request(peer: Peer, request: OutgoingRequest, options: RequestOptions = {}): Promise<CoapReply> {
    return this.#outgoing.request(peer, request, options);
  }

  /** Serves no new request and sends none; answers in progress go on. */
  stop(): void {
    this.#incoming.stop();
    this.#outgoing.close();
    this.#notifications.stop();
  }

  /** True while answers are awaited or not yet acknowledged. */
  get busy(): boolean {
    return this.#incoming.inProgress > 0 || this.#transmissions.size > 0;
  }

  /** A message with a format error or a reserved code: reset when CON, ignored otherwise (RFC 7252 4.2, 4.3). */
  #reject(type: number, messageId: number, peer: Peer): void {
    this.counters.undecodable++;
    if (type === CON && this.#admits(peer)) this.#sender.sendEmpty(peer, RST, messageId);
  }

  /** What has no other answer than a reset goes without one where there is too much of it. */
  #admits(peer: Peer): boolean {
    const served = this.#context.admit(peer, this.#context.now()) === 'served';
    if (!served) this.counters.limited++;
    return served;
  }

  #receiveEmpty(type: number, messageId: number, peer: Peer): void {
    if (type === CON) {
      if (!this.#admits(peer)) return;
      this.#sender.sendEmpty(peer, RST, messageId); // CoAP ping (RFC 7252 4.3)
      this.#ping?.(peer);
      return;
    }
    const entry = this.#context.peers.find(peer.key);
    const transmission = entry === undefined ? undefined : this.#transmissions.find(entry, messageId);
    if (transmission !== undefined && type !== NON) {
      this.#transmissions.end(transmission, type === ACK ? 'acknowledged' : 'reset');
    } else if (entry === undefined || type !== RST || !this.#outgoing.takeReset(entry, messageId)) {
      this.counters.unmatched++;
    }
  }

  #receiveReply(data: Buffer, type: number, messageId: number, peer: Peer): void {
    let message: CoapMessage;
    try {
      message = decodeMessage(data);
    } catch {
      this.#reject(type, messageId, peer);
      return;
    }
    const { recent, peers, now } = this.#context;
    const entry = peers.find(peer.key);
    const digest = digestOf(data);
    const seen = entry === undefined || type === ACK ? -1 : recent.find(entry, messageId, digest, now());
    if (seen >= 0) {
      this.counters.duplicates++;
      if (type === CON && recent.kind(seen) === ANSWER.EMPTY) this.#sender.sendEmpty(peer, ACK, messageId);
      return;
    }
    const reply = replyOf(message);
    if (reply === undefined) {
      this.counters.unmatched++;
      if (type === CON) this.#sender.sendEmpty(peer, RST, messageId);
      return;
    }
    const { token } = message;
    const pending = entry && this.#outgoing.find(entry, token, type === ACK ? messageId : undefined, reply);
    if (entry !== undefined && pending !== undefined) {
      const acknowledge = type === ACK ? undefined : this.#remember(entry, type, messageId, digest);
      // It brings a value, as a notification does.
      const after = pending.request.observe === 0 ? this.#durable : undefined;
      if (after === undefined) acknowledge?.();
      this.#outgoing.take(pending, reply, type === ACK);
      if (after !== undefined && acknowledge !== undefined) {
        new OwedAcknowledgement(this.#context, acknowledge).settleSoon(after);
      }
    } else if (type === ACK && reply.observe === undefined) {
      this.counters.unmatched++;
    } else {
      this.#notifications.receive(peer, type, messageId, token, reply, digest);
    }
  }

  /** Remembers a separate reply, so that a duplicate is not taken for a notification; gives what acknowledges CON (RFC 7252 4.2). */
  #remember(entry: PeerEntry, type: number, messageId: number, digest: number): (() => void) | undefined {
    const { recent, now } = this.#context;
    const message = recent.add(entry, messageId, digest, type, now());
    if (type !== CON) return undefined;
    return () => {
      recent.setEmpty(message);
      this.#sender.sendEmpty(entry.peer, ACK, messageId);
    };
  }
}
