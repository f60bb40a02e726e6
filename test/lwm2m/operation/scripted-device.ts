import { createSocket, type Socket } from 'node:dgram';
import { EventEmitter, once } from 'node:events';
import { generate, type NamedOption, type OptionName, type ParsedPacket, parse } from 'coap-packet';

/** A request of the server as the device sees it. */
export interface ServerRequest {
  readonly method: string;
  readonly path: string;
  readonly query: readonly string[];
  readonly accept: number | undefined;
  readonly contentFormat: number | undefined;
  readonly observe: number | undefined;
  /** Value of the Block1 option. */
  readonly block1: number | undefined;
  readonly payload: Buffer;
  readonly token: Buffer;
  readonly messageId: number;
  readonly confirmable: boolean;
  /** Names of all its options. */
  readonly options: readonly (string | number)[];
}

/** What the device does about a request. */
export interface ScriptedAnswer {
  readonly code?: string;
  readonly format?: number;
  readonly payload?: string | Buffer;
  readonly observe?: number;
  readonly location?: readonly string[];
  /** Value of the Block2 option (RFC 7959 2.2). */
  readonly block2?: number;
  /** `empty`: an empty ACK and nothing after; `reset`; `separate`: an empty ACK, then the answer; `nothing`. */
  readonly how?: 'piggybacked' | 'empty' | 'reset' | 'separate' | 'nothing' | 'non';
}

/** Decides about each request of the server. */
export type Script = (request: ServerRequest, device: ScriptedDevice) => ScriptedAnswer | undefined;

export interface RegisterParts {
  readonly endpoint?: string;
  readonly version?: string;
  readonly links?: string;
  readonly lifetime?: number;
}

/** An answer with this payload. */
export function content(payload: string | Buffer, format?: number, observe?: number): ScriptedAnswer {
  return {
    code: '2.05',
    payload,
    ...(format === undefined ? undefined : { format }),
    ...(observe === undefined ? undefined : { observe }),
  };
}

/** A LwM2M client on a socket of its own that answers as its script says, in bare CoAP messages. */
export class ScriptedDevice {
  /** The requests of the server, in order, without copies. */
  readonly requests: ServerRequest[] = [];
  /** Resets that the server sent, by message id. */
  readonly resets: number[] = [];
  /** Copies of requests that came again. */
  copies = 0;
  script: Script;
  location = '';
  readonly #events = new EventEmitter().setMaxListeners(0);
  readonly #socket: Socket;
  readonly #seen = new Set<number>();
  #messageId = 0x4000;

  private constructor(socket: Socket, script: Script) {
    this.#socket = socket;
    this.script = script;
    socket.on('message', (bytes) => this.#receive(parse(bytes)));
    // A server that was killed: its machine says that nobody listens.
    socket.on('error', () => undefined);
  }

  static async open(server: number, script: Script = () => undefined): Promise<ScriptedDevice> {
    const socket = createSocket('udp4');
    socket.bind(0, '127.0.0.1');
    await once(socket, 'listening');
    socket.connect(server, '127.0.0.1');
    await once(socket, 'connect');
    return new ScriptedDevice(socket, script);
  }

  close(): void {
    this.#socket.close();
  }

  async register({
    endpoint = 'device',
    version = '1.1',
    links = '</3/0>,</3303/0>',
    lifetime = 600,
  }: RegisterParts = {}) {
    const query = [`ep=${endpoint}`, `lt=${lifetime}`, `lwm2m=${version}`, 'b=U'];
    const answer = await this.ask('POST', 'rd', { query, format: 40, payload: links });
    if (answer.code !== '2.01') throw new Error(`Register: ${answer.code} ${answer.payload}`);
    this.location = answer.location;
  }

  async update(query: readonly string[] = []): Promise<string> {
    return (await this.ask('POST', this.location, { query })).code;
  }

  async deregister(): Promise<string> {
    return (await this.ask('DELETE', this.location, {})).code;
  }

  send(format: number, payload: string | Buffer) {
    return this.ask('POST', 'dp', { format, payload });
  }

  /** A confirmable request of the device, and its answer. */
  async ask(
    code: string,
    path: string,
    { query = [], format, payload = '' }: { query?: readonly string[]; format?: number; payload?: string | Buffer },
  ): Promise<{ code: string; location: string; payload: string }> {
    const messageId = this.#nextId();
    const token = Buffer.from([0xd0, messageId >> 8, messageId & 0xff]);
    const options: NamedOption[] = path.split('/').map((segment) => option('Uri-Path', segment));
    if (format !== undefined) options.push(option('Content-Format', format));
    options.push(...query.map((text) => option('Uri-Query', text)));
    const answered = this.reply(token);
    this.#send({ code, confirmable: true, messageId, token, options, payload: Buffer.from(payload) });
    return answered;
  }

  /** Resolves with the next answer of the server under a token. */
  async reply(token: Buffer): Promise<{ code: string; location: string; payload: string }> {
    const [packet] = (await once(this.#events, `reply ${token.toString('hex')}`)) as [ParsedPacket];
    return {
      code: packet.code,
      location: texts(packet, 'Location-Path').join('/'),
      payload: packet.payload.toString(),
    };
  }

  /** Sends any message, as it stands. */
  raw(packet: Parameters<typeof generate>[0]): void {
    this.#send(packet);
  }

  /** Sends a notification; `true`: acknowledged, `false`: reset. A NON one is only known when it is reset. */
  async notify(token: Buffer, answer: ScriptedAnswer & { readonly confirmable?: boolean }): Promise<boolean> {
    const messageId = this.#nextId();
    const heard = once(this.#events, `empty ${messageId}`) as Promise<[boolean]>;
    this.#send({
      code: answer.code ?? '2.05',
      confirmable: answer.confirmable ?? true,
      messageId,
      token,
      options: optionsOf(answer),
      payload: Buffer.from(answer.payload ?? ''),
    });
    return answer.confirmable === false ? true : (await heard)[0];
  }

  /** Resolves with the reset of a NON notification that is about to be sent. */
  nextReset(): Promise<unknown> {
    return once(this.#events, 'reset');
  }

  /** Resolves when the server has asked this many things in all. */
  async asked(count: number): Promise<void> {
    while (this.requests.length < count) await once(this.#events, 'request');
  }

  /** Answers a request that the script left without an answer. */
  answer(request: ServerRequest, answer: ScriptedAnswer): void {
    const { token, messageId } = request;
    const { how = 'piggybacked' } = answer;
    if (how === 'nothing') return;
    if (how === 'reset') {
      this.#send({ code: '0.00', reset: true, messageId });
      return;
    }
    if (how === 'empty' || how === 'separate') this.#send({ code: '0.00', ack: true, messageId });
    if (how === 'empty') return;
    const own = how === 'separate' || how === 'non';
    this.#send({
      code: answer.code ?? '2.05',
      ack: !own,
      confirmable: how === 'separate',
      messageId: own ? this.#nextId() : messageId,
      token,
      options: optionsOf(answer),
      payload: Buffer.from(answer.payload ?? ''),
    });
  }

  /** Answers one block of a request that came in blocks (RFC 7959 2.3). */
  answerBlock({ token, messageId, block1 }: ServerRequest, code: string): void {
    this.#send({ code, ack: true, messageId, token, options: [option('Block1', block1 ?? 0)] });
  }

  #receive(packet: ParsedPacket): void {
    if (packet.code === '0.00') {
      this.#events.emit(`empty ${packet.messageId}`, packet.ack);
      if (packet.reset) {
        this.resets.push(packet.messageId);
        this.#events.emit('reset', packet.messageId);
      }
    } else if (Number(packet.code[0]) >= 2) {
      if (packet.confirmable) this.#send({ code: '0.00', ack: true, messageId: packet.messageId });
      this.#events.emit(`reply ${packet.token.toString('hex')}`, packet);
    } else {
      this.#serve(packet);
    }
  }

  #serve(packet: ParsedPacket): void {
    if (this.#seen.has(packet.messageId)) {
      this.copies += 1;
      return;
    }
    this.#seen.add(packet.messageId);
    const request = requestOf(packet);
    this.requests.push(request);
    const answer = this.script(request, this);
    if (answer !== undefined) this.answer(request, answer);
    this.#events.emit('request');
  }

  #nextId(): number {
    this.#messageId += 1;
    return this.#messageId;
  }

  #send(packet: Parameters<typeof generate>[0]): void {
    this.#socket.send(generate(packet, 65_000));
  }
}

const METHODS = ['0.00', 'GET', 'POST', 'PUT', 'DELETE', 'FETCH', 'PATCH', 'iPATCH'];

function requestOf(packet: ParsedPacket): ServerRequest {
  const number = (name: OptionName): number | undefined => {
    const value = packet.options.find((one) => one.name === name)?.value;
    return value === undefined ? undefined : uint(value);
  };
  return {
    method: METHODS[Number(packet.code.slice(2))] as string,
    path: `/${texts(packet, 'Uri-Path').join('/')}`,
    query: texts(packet, 'Uri-Query'),
    accept: number('Accept'),
    contentFormat: number('Content-Format'),
    observe: number('Observe'),
    block1: number('Block1'),
    payload: packet.payload,
    token: packet.token,
    messageId: packet.messageId,
    confirmable: packet.confirmable,
    options: packet.options.map(({ name }) => name),
  };
}

function uint(value: unknown): number {
  if (typeof value === 'number') return value;
  const bytes = Buffer.isBuffer(value) ? value : Buffer.from(String(value));
  return bytes.length === 0 ? 0 : bytes.readUIntBE(0, bytes.length);
}

function texts(packet: ParsedPacket, name: OptionName): string[] {
  return packet.options.filter((one) => one.name === name).map(({ value }) => String(value));
}

function optionsOf({ format, observe, block2, location = [] }: ScriptedAnswer): NamedOption[] {
  const options: NamedOption[] = [];
  if (observe !== undefined) options.push(option('Observe', observe));
  for (const segment of location) options.push(option('Location-Path', segment));
  if (format !== undefined) options.push(option('Content-Format', format));
  if (block2 !== undefined) options.push(option('Block2', block2));
  return options;
}

function option(name: OptionName, value: string | number): NamedOption {
  if (typeof value === 'string') return { name, value: Buffer.from(value) };
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32BE(value);
  const first = bytes.findIndex((byte) => byte !== 0);
  return { name, value: first < 0 ? Buffer.alloc(0) : bytes.subarray(first) };
}
