import { createSocket, type Socket } from 'node:dgram';
import { once } from 'node:events';
import { generate, type ParsedPacket, parse } from 'coap-packet';

/** What a device answers a request with; `payload` of SenML JSON unless `format` says otherwise. */
export interface DeviceAnswer {
  readonly code?: string;
  readonly format?: number;
  readonly payload?: string | Buffer;
}

/** A resource of a SenML pack. */
export interface Record {
  readonly [key: string]: unknown;
}

const SENML_JSON = 110;
const LINK_FORMAT = 40;

/** A LwM2M client driven step by step, which answers what it is asked from `objects` and remembers every request. */
export class AnsweringDevice {
  readonly #socket: Socket;
  readonly #port: number;
  readonly #waiting = new Map<string, (reply: ParsedPacket) => void>();
  readonly #acknowledged = new Map<number, (type: 'ack' | 'rst') => void>();
  readonly #tokens = new Map<string, Buffer>();
  #messageId = Math.floor(Math.random() * 0xffff);
  #sequence = 1;
  location = '';
  /** By path; a path that is not there is 4.04. */
  readonly objects = new Map<string, DeviceAnswer | ((observe: boolean) => DeviceAnswer)>();
  /** By path what a Discover lists, in link format; a path that is not there is answered as a Read. */
  readonly discoverable = new Map<string, string>();
  /** For instance `GET /3303/0 observe` or `GET /3303/0 cancel`, in the order received. */
  readonly requests: string[] = [];
  /** Of each Observe, in the order received, in hexadecimal. */
  readonly tokens: string[] = [];
  /** Answers nothing while true. */
  silent = false;

  private constructor(socket: Socket, port: number) {
    this.#socket = socket;
    this.#port = port;
    socket.on('message', (bytes) => this.#receive(parse(bytes)));
    // A server that was killed: its machine says that nobody listens.
    socket.on('error', () => undefined);
  }

  static async open(port: number): Promise<AnsweringDevice> {
    const socket = createSocket('udp4');
    socket.bind(0, '127.0.0.1');
    await once(socket, 'listening');
    return new AnsweringDevice(socket, port);
  }

  close(): void {
    this.#socket.close();
  }

  /** The instance answers with these resources from now on, by their numbers. */
  holds(path: string, resources: readonly Record[]): void {
    this.objects.set(path, { payload: JSON.stringify(withBase(path, resources)) });
  }

  async register(
    endpoint: string,
    { lifetime = 60, version = '1.1', root = '</>;rt="oma.lwm2m";ct="110 11542"', links = this.links() } = {},
  ): Promise<string> {
    const query = [`ep=${endpoint}`, `lt=${lifetime}`, `lwm2m=${version}`, 'b=U'];
    const reply = await this.#request('POST', 'rd', query, Buffer.from(`${root},${links}`), 40);
    if (reply.code === '2.01') this.location = option(reply, 'Location-Path').map(String).join('/');
    return reply.code;
  }

  async update(links?: string): Promise<string> {
    const body = links === undefined ? undefined : Buffer.from(`</>;rt="oma.lwm2m";ct="110 11542",${links}`);
    return (await this.#request('POST', this.location, [], body, body === undefined ? undefined : 40)).code;
  }

  async deregister(): Promise<string> {
    return (await this.#request('DELETE', this.location, [])).code;
  }

  /** Send (LwM2M 1.1 6.4.6). */
  async send(pack: readonly Record[]): Promise<string> {
    return (await this.#request('POST', 'dp', [], Buffer.from(JSON.stringify(pack)), SENML_JSON)).code;
  }

  /** A confirmable Notify of an observed path; resolves with how it was acknowledged. */
  notify(path: string, resources: readonly Record[]): Promise<'ack' | 'rst'> {
    const token = this.#tokens.get(path);
    if (token === undefined) throw new Error(`${path} is not observed: ${this.requests.join(', ')}`);
    this.#sequence += 1;
    const messageId = this.#nextId();
    const options = [
      { name: 'Observe' as const, value: Buffer.from([this.#sequence >> 8, this.#sequence & 0xff]) },
      { name: 'Content-Format' as const, value: Buffer.from([SENML_JSON]) },
    ];
    const payload = Buffer.from(JSON.stringify(withBase(path, resources)));
    this.#emit(generate({ code: '2.05', confirmable: true, messageId, token, options, payload }, 60_000));
    return new Promise((resolve) => this.#acknowledged.set(messageId, resolve));
  }

  isObserved(path: string): boolean {
    return this.#tokens.has(path);
  }

  /** Links of the objects that it holds. */
  links(): string {
    return [...this.objects.keys()].map((path) => `<${path}>`).join(',');
  }

  #request(
    code: 'POST' | 'DELETE',
    path: string,
    query: readonly string[],
    payload: Buffer = Buffer.alloc(0),
    format?: number,
  ): Promise<ParsedPacket> {
    const token = Buffer.alloc(4);
    token.writeUInt32BE((Math.random() * 0xffffffff) >>> 0);
    const options = [
      ...path.split('/').map((segment) => ({ name: 'Uri-Path' as const, value: Buffer.from(segment) })),
      ...query.map((parameter) => ({ name: 'Uri-Query' as const, value: Buffer.from(parameter) })),
      ...(format === undefined ? [] : [{ name: 'Content-Format' as const, value: Buffer.from([format]) }]),
    ];
    const messageId = this.#nextId();
    this.#emit(generate({ code, confirmable: true, messageId, token, options, payload }, 60_000));
    return new Promise((resolve) => this.#waiting.set(token.toString('hex'), resolve));
  }

  #receive(message: ParsedPacket): void {
    if (message.code === '0.00') {
      this.#acknowledged.get(message.messageId)?.(message.reset ? 'rst' : 'ack');
      this.#acknowledged.delete(message.messageId);
      return;
    }
    if (message.code.startsWith('0.')) this.#answer(message);
    else {
      if (message.confirmable) this.#emit(generate({ code: '0.00', ack: true, messageId: message.messageId }));
      const token = message.token.toString('hex');
      this.#waiting.get(token)?.(message);
      this.#waiting.delete(token);
    }
  }

  #answer(request: ParsedPacket): void {
    if (this.silent) return;
    const path = `/${option(request, 'Uri-Path').map(String).join('/')}`;
    const observe = option(request, 'Observe')[0];
    const starts = observe !== undefined && observe.length === 0;
    const listed = option(request, 'Accept')[0]?.[0] === LINK_FORMAT ? this.discoverable.get(path) : undefined;
    const method = listed === undefined ? (METHODS[request.code] ?? request.code) : 'DISCOVER';
    const observing = starts ? ' observe' : ' cancel';
    this.requests.push(`${method} ${path}${observe === undefined ? '' : observing}`);
    if (starts) this.tokens.push(request.token.toString('hex'));
    const discovered: DeviceAnswer | undefined =
      listed === undefined ? undefined : { format: LINK_FORMAT, payload: listed };
    const known = discovered ?? this.objects.get(path) ?? { code: '4.04' };
    const { code = '2.05', format = SENML_JSON, payload = '' } = typeof known === 'function' ? known(starts) : known;
    const success = code.startsWith('2.');
    if (success && starts) this.#tokens.set(path, Buffer.from(request.token));
    const options = [
      ...(success && starts ? [{ name: 'Observe' as const, value: Buffer.from([1]) }] : []),
      ...(success ? [{ name: 'Content-Format' as const, value: formatBytes(format) }] : []),
    ];
    const answer = { code, ack: true, messageId: request.messageId, token: request.token, options };
    this.#emit(generate({ ...answer, payload: Buffer.from(payload) }, 60_000));
  }

  #nextId(): number {
    this.#messageId = (this.#messageId + 1) & 0xffff;
    return this.#messageId;
  }

  #emit(bytes: Buffer): void {
    this.#socket.send(bytes, this.#port, '127.0.0.1');
  }
}

const METHODS: { readonly [code: string]: string } = { '0.01': 'GET', '0.02': 'POST', '0.05': 'FETCH' };

function withBase(path: string, resources: readonly Record[]): Record[] {
  return resources.map((resource, index) => (index === 0 ? { bn: `${path}/`, ...resource } : resource));
}

function option(message: ParsedPacket, name: string): Buffer[] {
  return message.options.filter((one) => one.name === name).map(({ value }) => value);
}

function formatBytes(format: number): Buffer {
  return format < 256 ? Buffer.from([format]) : Buffer.from([format >> 8, format & 0xff]);
}
