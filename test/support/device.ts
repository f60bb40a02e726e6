import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { generate, type ParsedPacket, parse } from 'coap-packet';

/** What a device was answered. */
export interface Reply {
  readonly code: string;
  readonly location: string;
  readonly maxAge: number | undefined;
  readonly payload: string;
  /** True when an empty ACK came first (RFC 7252 5.2.2). */
  readonly separate: boolean;
}

/** How a device registers; `query` is added as it is. */
export interface RegisterOptions {
  readonly endpoint?: string;
  readonly lifetime?: number;
  readonly version?: string;
  readonly links?: string;
  readonly query?: readonly string[];
}

/** One block of a payload (RFC 7959 2.2). */
interface Block {
  readonly number: number;
  readonly more: boolean;
  readonly bytes: Buffer;
}

const BLOCK_BYTES = 512;
/** Size exponent of 512: 2 ** (5 + 4). */
const BLOCK_SIZE_EXPONENT = 5;

function blockOption({ number, more }: Block): Buffer {
  const option = Buffer.alloc(3);
  option.writeUIntBE((number << 4) | (more ? 8 : 0) | BLOCK_SIZE_EXPONENT, 0, 3);
  return option;
}

/** What carries the datagrams of a device. */
export interface Channel {
  send(bytes: Buffer): void;
  close(): void;
}

/** A LwM2M client driven step by step, in raw CoAP messages. */
export class Device {
  readonly #channel: Channel;
  #messageId = Math.floor(Math.random() * 0xffff);
  readonly #waiting = new Map<string, { reply: (reply: Reply) => void; separate: boolean }>();
  /** Location-Path of the registration, after `register`. */
  location = '';

  private constructor(channel: Channel) {
    this.#channel = channel;
  }

  /** A device that talks to this port of the loopback address, from the same address unless another is given. */
  static async open(port: number, host = '127.0.0.1', from = host): Promise<Device> {
    const socket = createSocket(host.includes(':') ? 'udp6' : 'udp4');
    socket.bind(0, from);
    await once(socket, 'listening');
    return Device.over((receive) => {
      socket.on('message', receive);
      return { send: (bytes) => socket.send(bytes, port, host), close: () => socket.close() };
    });
  }

  /** A device on any channel, which is given what takes its datagrams. */
  static over(connect: (receive: (bytes: Buffer) => void) => Channel): Device {
    const device: Device = new Device(connect((bytes) => device.#receive(parse(bytes))));
    return device;
  }

  /** Register (LwM2M 1.0 5.3.1); remembers the location when it is accepted. */
  async register(options: RegisterOptions = {}): Promise<Reply> {
    const { endpoint = 'device', lifetime = 60, version = '1.1', links = '</1/0>,</3/0>', query = [] } = options;
    const parameters = [`ep=${endpoint}`, `lt=${lifetime}`, `lwm2m=${version}`, 'b=U', ...query];
    const reply = await this.request('POST', 'rd', parameters, links);
    if (reply.code === '2.01') this.location = reply.location;
    return reply;
  }

  /** Register whose list comes in blocks of 512 bytes (RFC 7959 2.5). */
  async registerInBlocks(endpoint: string, links: string): Promise<Reply> {
    const query = [`ep=${endpoint}`, 'lt=60', 'lwm2m=1.1', 'b=U'];
    const payload = Buffer.from(links);
    for (let number = 0; ; number += 1) {
      const end = (number + 1) * BLOCK_BYTES;
      const more = end < payload.length;
      const block = { number, more, bytes: payload.subarray(number * BLOCK_BYTES, end) };
      const { bytes, token } = this.prepare('POST', 'rd', query, undefined, block);
      const reply = await this.transmit(bytes, token);
      if (more && reply.code === '2.31') continue;
      if (reply.code === '2.01') this.location = reply.location;
      return reply;
    }
  }

  /** Update (LwM2M 1.0 5.3.2). */
  update(query: readonly string[] = [], links?: string): Promise<Reply> {
    return this.request('POST', this.location, query, links);
  }

  /** De-register (LwM2M 1.0 5.3.3). */
  deregister(): Promise<Reply> {
    return this.request('DELETE', this.location);
  }

  /** Any confirmable request; resolves with its answer, piggybacked or separate. */
  request(
    code: 'GET' | 'POST' | 'PUT' | 'DELETE',
    path: string,
    query: readonly string[] = [],
    links?: string,
  ): Promise<Reply> {
    const { bytes, token } = this.prepare(code, path, query, links);
    return this.transmit(bytes, token);
  }

  /** The bytes of a request, to be sent as often as a test likes. */
  prepare(
    code: 'GET' | 'POST' | 'PUT' | 'DELETE',
    path: string,
    query: readonly string[] = [],
    links?: string,
    block?: Block,
  ) {
    this.#messageId = (this.#messageId + 1) & 0xffff;
    const token = Buffer.alloc(4);
    token.writeUInt32BE((Math.random() * 0xffffffff) >>> 0);
    const options = [
      ...path.split('/').map((segment) => ({ name: 'Uri-Path', value: Buffer.from(segment) })),
      ...query.map((parameter) => ({ name: 'Uri-Query', value: Buffer.from(parameter) })),
      ...(links === undefined && block === undefined ? [] : [{ name: 'Content-Format', value: Buffer.from([40]) }]),
      ...(block === undefined ? [] : [{ name: 'Block1', value: blockOption(block) }]),
    ];
    const payload = block?.bytes ?? Buffer.from(links ?? '');
    const bytes = generate({ code, confirmable: true, messageId: this.#messageId, token, options, payload }, 60_000);
    return { bytes, token: token.toString('hex') };
  }

  /** Sends prepared bytes `copies` times; resolves with the first answer. */
  transmit(bytes: Buffer, token: string, copies = 1): Promise<Reply> {
    return new Promise((resolve) => {
      this.#waiting.set(token, { reply: resolve, separate: false });
      this.#pending.set(parse(bytes).messageId, token);
      for (let copy = 0; copy < copies; copy += 1) this.#channel.send(bytes);
    });
  }

  close(): void {
    this.#channel.close();
  }

  readonly #pending = new Map<number, string>();

  #receive(message: ParsedPacket): void {
    if (message.code === '0.00') {
      const waiting = this.#waiting.get(this.#pending.get(message.messageId) ?? '');
      if (waiting !== undefined && message.ack) waiting.separate = true;
      return;
    }
    if (message.confirmable) this.#acknowledge(message.messageId);
    const token = message.token.toString('hex');
    const waiting = this.#waiting.get(token);
    if (waiting === undefined) return;
    this.#waiting.delete(token);
    const texts = (name: string) => message.options.filter((option) => option.name === name).map(({ value }) => value);
    const maxAge = texts('Max-Age')[0];
    waiting.reply({
      code: message.code,
      location: texts('Location-Path').map(String).join('/'),
      maxAge: maxAge === undefined ? undefined : maxAge.readUIntBE(0, maxAge.length),
      payload: message.payload.toString(),
      separate: waiting.separate,
    });
  }

  #acknowledge(messageId: number): void {
    this.#channel.send(generate({ code: '0.00', ack: true, messageId }));
  }
}
