import { DELETE, emptyMessage, type Locations, POST, type RegisterDatagram } from './datagrams.ts';
import { openPeer, ownAddress, type Peer } from './peers.ts';
import type { Tally } from './tally.ts';

/** What a request asks for. */
export type Operation = 'register' | 'update' | 'deregister';

/** RFC 7252 4.8: ACK_TIMEOUT, ACK_RANDOM_FACTOR, MAX_RETRANSMIT; how long a separate answer is waited for. */
const ACK_TIMEOUT = 2_000;
const ACK_RANDOM_FACTOR = 1.5;
const MAX_RETRANSMIT = 4;
const SEPARATE_TIMEOUT = 60_000;
const SCAN_INTERVAL = 100;

const CREATED = 0x41;
const DELETED = 0x42;
const CHANGED = 0x44;
const WANTED: Readonly<Record<Operation, number>> = { register: CREATED, update: CHANGED, deregister: DELETED };

const SLOT_BITS = 14;
const LARGEST_DATAGRAM = 1152;

/** One request on its way. */
interface Exchange {
  readonly buffer: Buffer;
  datagram: Buffer;
  peer: Peer | undefined;
  endpoint: number;
  operation: Operation;
  messageId: number;
  token: number;
  sentAt: number;
  due: number;
  timeout: number;
  tries: number;
  /** An empty acknowledgement came: no more retransmissions, the answer follows. */
  acknowledged: boolean;
  active: boolean;
}

/** What went over the wire besides requests and their piggybacked answers. */
export interface ProtocolCounters {
  emptyAcks: number;
  separateAnswers: number;
  unmatched: number;
  malformed: number;
  requests: number;
}

/** Told of the end of each request. */
export type Ended = (endpoint: number, operation: Operation, ok: boolean) => void;

/** Where requests go and how their endpoints speak. */
export interface Route {
  readonly host: string;
  readonly port: number;
  /** 0: each request has a socket of its own. */
  readonly sockets: number;
}

/** The requests in flight: sends, retransmits, matches and checks answers by peer, message id and token. */
export class Exchanges {
  readonly protocol: ProtocolCounters = { emptyAcks: 0, separateAnswers: 0, unmatched: 0, malformed: 0, requests: 0 };
  inFlight = 0;
  ended: Ended = () => undefined;
  readonly #route: Route;
  readonly #register: RegisterDatagram;
  readonly #locations: Locations;
  readonly #tallies: Readonly<Record<Operation, Tally>>;
  readonly #first: number;
  readonly #peers: Peer[] = [];
  readonly #slots: Exchange[] = [];
  readonly #free: number[] = [];
  readonly #views = new Map<number, Buffer[]>();
  #generation = 0;
  #scan: NodeJS.Timeout | undefined;

  constructor(
    route: Route,
    register: RegisterDatagram,
    locations: Locations,
    tallies: Readonly<Record<Operation, Tally>>,
    first: number,
  ) {
    this.#route = route;
    this.#register = register;
    this.#locations = locations;
    this.#tallies = tallies;
    this.#first = first;
  }

  async open(): Promise<void> {
    const { host, port, sockets } = this.#route;
    for (let index = 0; index < sockets; index++) this.#peers.push(await openPeer(host, port, this.#hear));
    this.#scan = setInterval(() => this.#retransmit(performance.now()), SCAN_INTERVAL);
  }

  close(): void {
    clearInterval(this.#scan);
    for (const { socket } of this.#peers) socket.close();
  }

  /** Starts a request; an Update or De-register of an endpoint without a registration must not be asked for. */
  begin(operation: Operation, endpoint: number): void {
    const slot = this.#free.pop() ?? this.#newSlot();
    const exchange = this.#slots[slot] as Exchange;
    exchange.active = true;
    exchange.acknowledged = false;
    exchange.tries = 0;
    exchange.endpoint = endpoint;
    exchange.operation = operation;
    exchange.token = (((this.#generation++ & 0x3ffff) << SLOT_BITS) | slot) >>> 0;
    this.inFlight++;
    const { host, port, sockets } = this.#route;
    if (sockets > 0) this.#send(exchange, slot, this.#peers[endpoint % sockets] as Peer);
    else {
      openPeer(host, port, this.#hear, { address: ownAddress(endpoint) }).then(
        (peer) => this.#send(exchange, slot, peer),
        () => this.#lose(exchange),
      );
    }
  }

  #newSlot(): number {
    const buffer = Buffer.alloc(LARGEST_DATAGRAM);
    const idle = { endpoint: 0, messageId: 0, token: 0, sentAt: 0, due: 0, timeout: 0, tries: 0 };
    const exchange: Exchange = {
      ...idle,
      buffer,
      datagram: buffer,
      peer: undefined,
      operation: 'register',
      acknowledged: false,
      active: false,
    };
    return this.#slots.push(exchange) - 1;
  }

  #send(exchange: Exchange, slot: number, peer: Peer): void {
    const { buffer, operation, endpoint, token } = exchange;
    const messageId = peer.nextMessageId;
    peer.nextMessageId = (messageId + 1) & 0xffff;
    exchange.peer = peer;
    exchange.messageId = messageId;
    let length = this.#register.length;
    if (operation === 'register') this.#register.write(buffer, messageId, token, this.#first + endpoint);
    else length = this.#locations.write(buffer, operation === 'update' ? POST : DELETE, messageId, token, endpoint);
    exchange.datagram = this.#view(slot, buffer, length);
    const tally = this.#tallies[operation];
    const now = performance.now();
    if (tally.sent++ === 0) tally.firstAt = now;
    exchange.sentAt = now;
    exchange.timeout = ACK_TIMEOUT * (1 + Math.random() * (ACK_RANDOM_FACTOR - 1));
    exchange.due = now + exchange.timeout;
    peer.socket.send(exchange.datagram);
  }

  /** Slices of a slot's buffer by length, made once: a slice for each request would cost more than its bytes. */
  #view(slot: number, buffer: Buffer, length: number): Buffer {
    const known = this.#views.get(length);
    const views = known ?? [];
    if (known === undefined) this.#views.set(length, views);
    const view = views[slot] ?? buffer.subarray(0, length);
    views[slot] = view;
    return view;
  }

  readonly #hear = (peer: Peer, datagram: Buffer): void => {
    const first = datagram[0] as number;
    const tokenLength = first & 15;
    if (datagram.length < 4 || first >> 6 !== 1 || datagram.length < 4 + tokenLength || tokenLength > 8) {
      this.protocol.malformed++;
      return;
    }
    const type = (first >> 4) & 3;
    const code = datagram[1] as number;
    const messageId = datagram.readUInt16BE(2);
    if (code === 0) this.#hearEmpty(peer, type, messageId);
    else if (code < 32) {
      this.protocol.requests++;
      peer.socket.send(emptyMessage('RST', messageId));
    } else this.#hearAnswer(peer, datagram, type, code, messageId, tokenLength);
  };

  #hearEmpty(peer: Peer, type: number, messageId: number): void {
    const exchange = this.#slots.find((one) => one.active && one.peer === peer && one.messageId === messageId);
    if (exchange === undefined || type < 2) this.protocol.unmatched++;
    else if (type === 3) this.#lose(exchange);
    else {
      this.protocol.emptyAcks++;
      exchange.acknowledged = true;
      exchange.due = exchange.sentAt + SEPARATE_TIMEOUT;
    }
  }

  #hearAnswer(peer: Peer, datagram: Buffer, type: number, code: number, messageId: number, tokenLength: number): void {
    const token = tokenLength === 4 ? datagram.readUInt32BE(4) : 0;
    const exchange = tokenLength === 4 ? this.#slots[token & ((1 << SLOT_BITS) - 1)] : undefined;
    if (type === 0) peer.socket.send(emptyMessage('ACK', messageId));
    const matches = exchange?.active && exchange.token === token && exchange.peer === peer;
    if (!matches || (type === 2 && exchange.messageId !== messageId)) {
      this.protocol.unmatched++;
      return;
    }
    if (type !== 2) this.protocol.separateAnswers++;
    const { operation, endpoint, sentAt } = exchange;
    let ok = code === WANTED[operation];
    if (ok && operation === 'register') ok = this.#locations.store(endpoint, datagram, 4 + tokenLength);
    else if (ok && operation === 'deregister') this.#locations.forget(endpoint);
    const now = performance.now();
    this.#tallies[operation].answered(code, ok, now - sentAt, now);
    this.#end(exchange, ok);
  }

  #lose(exchange: Exchange): void {
    this.#tallies[exchange.operation].lost++;
    this.#end(exchange, false);
  }

  #end(exchange: Exchange, ok: boolean): void {
    exchange.active = false;
    this.#free.push(exchange.token & ((1 << SLOT_BITS) - 1));
    this.inFlight--;
    if (this.#route.sockets === 0) exchange.peer?.socket.close();
    this.ended(exchange.endpoint, exchange.operation, ok);
  }

  #retransmit(now: number): void {
    for (const exchange of this.#slots) {
      if (!exchange.active || exchange.peer === undefined || exchange.due > now) continue;
      if (exchange.acknowledged || exchange.tries === MAX_RETRANSMIT) {
        this.#lose(exchange);
        continue;
      }
      exchange.tries++;
      exchange.timeout *= 2;
      exchange.due = now + exchange.timeout;
      this.#tallies[exchange.operation].retransmissions++;
      exchange.peer.socket.send(exchange.datagram);
    }
  }
}
