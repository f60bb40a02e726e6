import type { Socket } from 'node:dgram';
import { generate, type Packet, type ParsedPacket, parse } from 'coap-packet';
import { IpeError } from '../../common/index.ts';
import { type Hear, openPeer, type Peer } from '../load/peers.ts';
import { answer, FORMATS, instancePayload, notification, packPayload, request } from './device-datagrams.ts';

/** What the devices of a fleet have in common. */
export interface FleetOptions {
  readonly host: string;
  readonly port: number;
  /** Endpoint names are this and a number. */
  readonly prefix: string;
  /** Object instances, such as `3303/0`. */
  readonly instances: readonly string[];
  /** Format of notifications, and of answers where the server wants none of ours. */
  readonly format: number;
}

interface Observation {
  readonly token: Buffer;
  readonly format: number;
  sequence: number;
}

interface Waiting {
  readonly token: Buffer;
  readonly answered: (packet: ParsedPacket) => void;
}

/** What a device of these measurements has: four instances of one resource each. */
export const INSTANCES = ['1/0', '3/0', '3303/0', '3311/0'];
/** How many of them are observed where nothing else is configured: all but the server account. */
export const OBSERVED = 3;

/** RFC 7252 4.8: ACK_TIMEOUT and MAX_RETRANSMIT; how long a separate answer is waited for. */
const ACK_TIMEOUT = 2_000;
const MAX_RETRANSMIT = 4;
const SEPARATE_TIMEOUT = 60_000;
/** What every Read answers before a notification has been sent. */
const FIRST_VALUE = -1;

/** A LwM2M client that registers, answers Reads and Observes, and sends notifications. */
export class FleetDevice {
  readonly #options: FleetOptions;
  readonly #endpoint: string;
  readonly #observations = new Map<string, Observation>();
  #peer: Peer | undefined;
  #port: number | undefined;
  #location: readonly string[] = [];
  #waiting: Waiting | undefined;
  #tokens = 0;
  /** Reads and Observes answered since the last Register. */
  reads = 0;
  /** Composite Reads answered since the last Register. */
  packs = 0;

  constructor(options: FleetOptions, number: number) {
    this.#options = options;
    this.#endpoint = `${options.prefix}${number}`;
  }

  /** Opens a socket, at `address` where one is given; after it was closed, at the port that it had. */
  async open(address?: string): Promise<void> {
    const { host, port } = this.#options;
    const hear: Hear = (_peer, datagram) => this.#hear(datagram);
    const from = address === undefined ? undefined : { address, port: this.#port };
    this.#peer = await openPeer(host, port, hear, from);
  }

  close(): void {
    this.#port = this.#peer?.socket.address().port;
    this.#peer?.socket.close();
    this.#peer = undefined;
  }

  /** Observations that the server has. */
  get observed(): number {
    return this.#observations.size;
  }

  /** Registers (`again` where it has done so before). IpeError `bench/refused` or `bench/silence`. */
  async register(): Promise<void> {
    const { instances, format } = this.#options;
    const root = format === FORMATS.senml ? '</>;rt="oma.lwm2m";ct=110' : '</>;rt="oma.lwm2m"';
    const links = [root, ...instances.map((instance) => `</${instance}>`)].join(',');
    const version = format === FORMATS.senml ? '1.1' : '1.0';
    this.#observations.clear();
    this.reads = 0;
    this.packs = 0;
    const queries = [`ep=${this.#endpoint}`, 'lt=86400', `lwm2m=${version}`, 'b=U'];
    const { options } = await this.#ask(request('POST', ['rd'], queries, links), '2.01');
    this.#location = options.filter(({ name }) => name === 'Location-Path').map(({ value }) => String(value));
  }

  async update(): Promise<void> {
    await this.#ask(request('POST', this.#location, [], ''), '2.04');
  }

  async deregister(): Promise<void> {
    await this.#ask(request('DELETE', this.#location, [], ''), '2.02');
  }

  /** Tells the server, if it observes the instance, that its resource has that value. */
  notify(instance: string, value: number): void {
    const observation = this.#observations.get(instance);
    if (observation === undefined) return;
    const { token, format } = observation;
    observation.sequence += 1;
    const payload = instancePayload(instance, format, value);
    this.#socket.send(notification(this.#nextMessageId(), token, observation.sequence, format, payload));
  }

  get #socket(): Socket {
    if (this.#peer === undefined) throw new IpeError('bench/closed', `${this.#endpoint} has no socket`);
    return this.#peer.socket;
  }

  #nextMessageId(): number {
    const peer = this.#peer as Peer;
    peer.nextMessageId = (peer.nextMessageId + 1) & 0xffff;
    return peer.nextMessageId;
  }

  /** Sends a request until it is answered (RFC 7252 4.2). */
  #ask(packet: Packet, wanted: string): Promise<ParsedPacket> {
    const token = Buffer.alloc(4);
    this.#tokens += 1;
    token.writeUInt32BE(this.#tokens);
    const datagram = generate({ ...packet, messageId: this.#nextMessageId(), token });
    return new Promise((resolve, reject) => {
      let timer: NodeJS.Timeout;
      const end = (settle: () => void): void => {
        clearTimeout(timer);
        this.#waiting = undefined;
        settle();
      };
      const send = (tries: number): void => {
        this.#socket.send(datagram);
        const silence = new IpeError('bench/silence', `${this.#endpoint} was not answered`);
        timer = setTimeout(
          () => (tries === MAX_RETRANSMIT ? end(() => reject(silence)) : send(tries + 1)),
          ACK_TIMEOUT * 2 ** tries,
        );
      };
      const answered = (reply: ParsedPacket): void => {
        if (reply.code === '0.00') {
          clearTimeout(timer);
          const silence = new IpeError('bench/silence', `${this.#endpoint} was only acknowledged`);
          timer = setTimeout(() => end(() => reject(silence)), SEPARATE_TIMEOUT);
          return;
        }
        const refusal = new IpeError('bench/refused', `${this.#endpoint} was answered ${reply.code}, not ${wanted}`);
        end(() => (reply.code === wanted ? resolve(reply) : reject(refusal)));
      };
      this.#waiting = { token, answered };
      send(0);
    });
  }

  #hear(datagram: Buffer): void {
    const packet = parse(datagram);
    const isEmpty = packet.code === '0.00';
    if (!isEmpty && packet.code.startsWith('0.')) this.#socket.send(this.#reply(packet));
    else if (isEmpty ? packet.ack : this.#waiting?.token.equals(packet.token)) this.#waiting?.answered(packet);
    if (!isEmpty && packet.confirmable && !packet.code.startsWith('0.')) {
      this.#socket.send(generate({ ack: true, code: '0.00', messageId: packet.messageId, token: Buffer.alloc(0) }));
    }
  }

  #reply({ code, messageId, token, options }: ParsedPacket): Buffer {
    const accepted = options.find(({ name }) => name === 'Accept')?.value;
    const wanted = accepted === undefined ? this.#options.format : number(accepted);
    const format = wanted === FORMATS.senml || wanted === FORMATS.tlv ? wanted : this.#options.format;
    if (code === '0.05') {
      this.packs += 1;
      const payload = packPayload(this.#options.instances, FIRST_VALUE);
      return answer(messageId, token, { format: FORMATS.senml, payload, observe: undefined });
    }
    const path = options.filter(({ name }) => name === 'Uri-Path').map(({ value }) => String(value));
    const instance = path.join('/');
    if (code !== '0.01') return answer(messageId, token, '4.05');
    if (!this.#options.instances.includes(instance)) return answer(messageId, token, '4.04');
    const observe = options.find(({ name }) => name === 'Observe')?.value;
    if (observe !== undefined) this.#observe(instance, number(observe), Buffer.from(token), format);
    this.reads += 1;
    const sequence = this.#observations.get(instance)?.sequence;
    const payload = instancePayload(instance, format, FIRST_VALUE);
    return answer(messageId, token, { format, payload, observe: observe === undefined ? undefined : sequence });
  }

  #observe(instance: string, observe: number, token: Buffer, format: number): void {
    if (observe === 0) this.#observations.set(instance, { token, format, sequence: 1 });
    else this.#observations.delete(instance);
  }
}

function number(bytes: Buffer): number {
  return bytes.reduce((sum, byte) => sum * 256 + byte, 0);
}
