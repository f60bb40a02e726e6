import type { Clock } from '../../common/index.ts';
import { type Block, BlockUploads, blockValue, Representations, readBlock } from './blocks.ts';
import { Confirmables } from './confirmables.ts';
import {
  type Asker,
  type DeviceRequest,
  type DeviceResponse,
  type NotificationEnd,
  type PortHandler,
  representationKey,
} from './exchange.ts';
import {
  ACKNOWLEDGEMENT,
  CONFIRMABLE,
  type CoapMessage,
  type CoapOption,
  emptyMessage,
  NON_CONFIRMABLE,
  Option,
  RESET,
  texts,
  uint,
  uintOption,
  writeMessage,
} from './message.ts';

const METHODS: Readonly<Record<string, string>> = {
  '0.01': 'GET',
  '0.02': 'POST',
  '0.03': 'PUT',
  '0.04': 'DELETE',
  '0.05': 'FETCH',
  '0.06': 'PATCH',
  '0.07': 'iPATCH',
};
const UNDERSTOOD: ReadonlySet<number> = new Set(Object.values(Option));

/** Requests remembered to know them again (RFC 7252 4.2); a server has one under way. */
const REMEMBERED_REQUESTS = 16;
/** NON notifications remembered, so that a reset finds its observation. */
const REMEMBERED_NOTIFICATIONS = 32;
/** Representations kept for requests of their later blocks. */
const REPRESENTATIONS = 4;
const LARGEST_UPLOAD = 4 << 20;
/** Milliseconds; an answer that takes longer comes separately. */
const PATIENCE = 1_000;
/** Milliseconds between the copies of a notification. */
const COPY_INTERVAL = 200;

/** How a notification goes out. */
export interface NotificationManner {
  readonly confirmable: boolean;
  /** How often the same message is sent again for no reason. */
  readonly copies: number;
  /** False once its observation has ended: it is not sent again then (RFC 7641 4.5). */
  readonly wanted?: () => boolean;
}

/** What the role is given. */
export interface ServerRoleParts {
  readonly handler: () => PortHandler | undefined;
  readonly send: (bytes: Buffer, to: Asker) => void;
  readonly nextId: () => number;
  readonly clock: Clock;
  readonly random: () => number;
}

interface Remembered {
  /** What the request was answered with so far; undefined: nothing. */
  reply: Buffer | undefined;
}

/** The CoAP server in a device: answers requests, in blocks where they are long, and sends notifications. */
export class ServerRole {
  readonly #parts: ServerRoleParts;
  readonly #remembered = new Map<string, Remembered>();
  readonly #notified = new Map<number, () => void>();
  readonly #representations = new Representations(REPRESENTATIONS);
  readonly #uploads = new BlockUploads(LARGEST_UPLOAD);
  readonly #confirmables: Confirmables;
  #stopped = false;

  constructor(parts: ServerRoleParts) {
    this.#parts = parts;
    this.#confirmables = new Confirmables(parts.clock, parts.random);
  }

  /** Takes a request, or an empty message that may concern a message of this role; false for one that does not. */
  receive(message: CoapMessage, asker: Asker): boolean {
    if (message.code === '0.00') return this.#empty(message, asker);
    const handler = this.#parts.handler();
    if (handler && !handler.listens()) return true;
    const key = `${asker.address} ${asker.port} ${message.id}`;
    const before = this.#remembered.get(key);
    if (before) {
      if (before.reply && message.type === CONFIRMABLE) this.#parts.send(before.reply, asker);
      return true;
    }
    const remembered: Remembered = { reply: undefined };
    this.#remembered.set(key, remembered);
    if (this.#remembered.size > REMEMBERED_REQUESTS) {
      this.#remembered.delete(this.#remembered.keys().next().value as string);
    }
    this.#serve(message, asker, handler, remembered);
    return true;
  }

  /** Tells the observer behind `request` a new state; `ended` hears of it once the server has, or a reset came. */
  notify(
    request: DeviceRequest,
    response: DeviceResponse,
    { confirmable, copies, wanted = () => true }: NotificationManner,
    ended: (how: NotificationEnd) => void,
  ): void {
    const { asker, token } = request;
    const id = this.#parts.nextId();
    const type = confirmable ? CONFIRMABLE : NON_CONFIRMABLE;
    const block2 = { number: 0, more: false, size: this.#parts.handler()?.blockSize ?? 1024 };
    const message = this.#message(response, block2, representationKey(request), false);
    const bytes = writeMessage({ ...message, type, id, token });
    const transmit = () => {
      if (wanted()) this.#parts.send(bytes, asker);
    };
    if (confirmable) this.#confirmables.send(id, transmit, ended);
    else {
      transmit();
      this.#notified.set(id, () => ended('reset'));
      if (this.#notified.size > REMEMBERED_NOTIFICATIONS) {
        this.#notified.delete(this.#notified.keys().next().value as number);
      }
    }
    for (let copy = 1; copy <= copies; copy += 1) this.#later(COPY_INTERVAL * copy, transmit);
  }

  /** Sends nothing more. */
  stop(): void {
    this.#stopped = true;
    this.#confirmables.stop();
    this.#notified.clear();
  }

  #empty({ type, id }: CoapMessage, asker: Asker): boolean {
    if (type === CONFIRMABLE) {
      if (this.#parts.handler()?.listens() !== false) this.#parts.send(emptyMessage(RESET, id), asker);
      return true;
    }
    if (this.#confirmables.receive(id, type === RESET ? 'reset' : 'acknowledged')) return true;
    const reset = this.#notified.get(id);
    if (!reset || type !== RESET) return false;
    this.#notified.delete(id);
    reset();
    return true;
  }

  #serve(message: CoapMessage, asker: Asker, handler: PortHandler | undefined, remembered: Remembered): void {
    const reply = (response: DeviceResponse, block1?: Block, delay = 0, after?: () => void) => {
      const bytes = this.#answer(message, response, block1, handler?.blockSize ?? 1024);
      if (delay < PATIENCE) {
        this.#later(delay, () => {
          remembered.reply = bytes(message.type === CONFIRMABLE ? ACKNOWLEDGEMENT : NON_CONFIRMABLE);
          this.#parts.send(remembered.reply, asker);
          after?.();
        });
        return;
      }
      this.#acknowledge(message, asker, remembered);
      this.#later(delay, () => {
        this.#respondSeparately(message, bytes, asker);
        after?.();
      });
    };
    if (message.options.some(({ number }) => number % 2 === 1 && !UNDERSTOOD.has(number))) {
      reply({ code: '4.02' });
      return;
    }
    const request = requestOf(message, asker);
    const block1 = blockOf(message, Option.block1);
    const block2 = blockOf(message, Option.block2);
    if (block1 === 'malformed' || block2 === 'malformed') {
      reply({ code: '4.00' });
      return;
    }
    const later = block2 && block2.number > 0 && this.#representations.get(representationKey(request));
    if (later && !block1) {
      reply({ code: '2.05', contentFormat: later.contentFormat, payload: later.payload });
      return;
    }
    let payload = request.payload;
    if (block1) {
      const size = Math.min(block1.size, handler?.blockSize ?? block1.size);
      const upload = this.#uploads.take(JSON.stringify([asker, request.method, request.path]), block1, payload);
      if ('code' in upload) {
        reply({ code: upload.code }, { ...block1, size });
        return;
      }
      payload = upload.whole;
    }
    const answer = handler?.answer({ ...request, payload }) ?? ({ code: '4.04' } as const);
    if (answer === 'silent') return;
    if (answer === 'acknowledge') this.#acknowledge(message, asker, remembered);
    else reply(answer, block1, answer.delay, answer.after);
  }

  #answer(
    request: CoapMessage,
    response: DeviceResponse,
    block1: Block | undefined,
    blockSize: number,
  ): (type: number, id?: number) => Buffer {
    const asked = blockOf(request, Option.block2);
    const block2 = asked && asked !== 'malformed' ? asked : undefined;
    const size = Math.min(block2?.size ?? blockSize, blockSize);
    const number = block2 ? Math.floor((block2.number * block2.size) / size) : 0;
    const key = representationKey(requestOf(request, { address: '', port: 0 }));
    const { options, ...message } = this.#message(response, { number, more: false, size }, key, block2 !== undefined);
    const echoed = block1 ? [uintOption(Option.block1, blockValue(block1))] : [];
    const { token } = request;
    return (type, id = request.id) => writeMessage({ ...message, options: [...options, ...echoed], type, id, token });
  }

  /** A response, cut to a block of what it holds where it is long or where blocks were asked for. */
  #message(
    { code, contentFormat, payload = '', observe, locationPath = [] }: DeviceResponse,
    { number, size }: Block,
    key: string,
    asked: boolean,
  ): Pick<CoapMessage, 'code' | 'options' | 'payload'> {
    const options: CoapOption[] = locationPath.map((segment) => ({
      number: Option.locationPath,
      value: Buffer.from(segment),
    }));
    if (observe !== undefined) options.push(uintOption(Option.observe, observe));
    if (contentFormat !== undefined) options.push(uintOption(Option.contentFormat, contentFormat));
    const whole = typeof payload === 'string' ? Buffer.from(payload) : payload;
    if (whole.length <= size && number === 0 && !(asked && whole.length > 0)) return { code, options, payload: whole };
    const from = number * size;
    if (from >= whole.length && number > 0) return { code: '4.00', options: [], payload: Buffer.alloc(0) };
    const { etag } = this.#representations.keep(key, contentFormat, whole);
    const more = from + size < whole.length;
    options.push({ number: Option.etag, value: etag });
    options.push(uintOption(Option.block2, blockValue({ number, more, size })));
    return { code, options, payload: whole.subarray(from, from + size) };
  }

  #acknowledge(message: CoapMessage, asker: Asker, remembered: Remembered): void {
    if (message.type !== CONFIRMABLE) return;
    remembered.reply = emptyMessage(ACKNOWLEDGEMENT, message.id);
    this.#parts.send(remembered.reply, asker);
  }

  #respondSeparately(message: CoapMessage, bytes: (type: number, id: number) => Buffer, asker: Asker): void {
    const id = this.#parts.nextId();
    if (message.type !== CONFIRMABLE) {
      this.#parts.send(bytes(NON_CONFIRMABLE, id), asker);
      return;
    }
    const response = bytes(CONFIRMABLE, id);
    this.#confirmables.send(id, () => this.#parts.send(response, asker));
  }

  #later(delay: number, callback: () => void): void {
    if (delay <= 0) callback();
    else this.#parts.clock.timer(delay, () => !this.#stopped && callback());
  }
}

function blockOf(message: CoapMessage, number: number): Block | 'malformed' | undefined {
  const value = uint(message, number);
  return value === undefined ? undefined : (readBlock(value) ?? 'malformed');
}

function requestOf(message: CoapMessage, asker: Asker): DeviceRequest {
  return {
    asker,
    method: METHODS[message.code] ?? message.code,
    path: texts(message, Option.uriPath).filter((segment) => segment !== ''),
    query: texts(message, Option.uriQuery),
    accept: uint(message, Option.accept),
    contentFormat: uint(message, Option.contentFormat),
    observe: uint(message, Option.observe),
    token: Buffer.from(message.token),
    payload: Buffer.from(message.payload),
  };
}
