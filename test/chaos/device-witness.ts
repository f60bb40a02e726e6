import { type ParsedPacket, parse } from 'coap-packet';
import { registrationMark } from '../../lwm2m/index.ts';
import type { Begun, Carried, Told } from './evidence.ts';
import type { Moments } from './moments.ts';
import type { DatagramWitness } from './udp-relay.ts';

/** The texts by which commands are told apart. */
export const COMMAND_TEXT = /chaos-[0-9]+\./;

const SENML_JSON = 110;
const SEND_PATH = 'dp';
const POST = '0.02';
/** The answer to a Register, and to nothing else that a device asks (LwM2M 1.1 6.2.1). */
const REGISTERED = '2.01';

interface Record {
  readonly bn?: string;
  readonly n?: string;
  readonly v?: number;
}

/**
 * Learns from the datagrams of one device what it told, what was acknowledged in which registration, and which commands it
 * has carried out.
 */
export class DeviceWitness implements DatagramWitness {
  readonly told: Told[] = [];
  readonly carried: Carried[] = [];
  readonly begun: Begun[] = [];
  readonly #endpoint: string;
  readonly #paths: ReadonlySet<string>;
  readonly #moments: Moments;
  readonly #life: () => number;
  readonly #seen = new Map<string, readonly Told[]>();
  /** What waits for an acknowledgement, by message id of a notification or token of a Send. */
  readonly #notified = new Map<number, readonly Told[]>();
  readonly #sent = new Map<string, readonly Told[]>();
  /** Texts of commands that the bridge has sent, by token. */
  readonly #asked = new Map<string, string>();
  readonly #answered = new Set<string>();

  /**
   * Only the resources at these paths count. `life`: how often the bridge has been started; what it had not acknowledged when
   * it was killed and a device sends again is told again, for nobody is left who knows the first copy (RFC 7252 4.5).
   */
  constructor(endpoint: string, paths: readonly string[], moments: Moments, life: () => number) {
    this.#endpoint = endpoint;
    this.#paths = new Set(paths);
    this.#moments = moments;
    this.#life = life;
  }

  towardsBridge(bytes: Buffer): void {
    const message = read(bytes);
    if (message === undefined) return;
    const send = message.code === POST && pathOf(message, 'Uri-Path').join('/') === SEND_PATH;
    if (!send && !message.code.startsWith('2.')) return;
    const key = `${this.#life()} ${message.messageId} ${message.token.toString('hex')}`;
    const before = this.#seen.get(key);
    const told = before ?? this.#valuesOf(message);
    if (before === undefined) {
      this.#seen.set(key, told);
      this.told.push(...told);
    }
    if (send) this.#sent.set(message.token.toString('hex'), told);
    else if (message.confirmable) this.#notified.set(message.messageId, told);
  }

  fromDevice(bytes: Buffer): void {
    const message = read(bytes);
    if (message === undefined || !message.code.startsWith('2.')) return;
    const token = message.token.toString('hex');
    const text = this.#asked.get(token);
    // A datagram that came twice is answered twice and carried out once.
    if (text === undefined || this.#answered.has(token)) return;
    this.#answered.add(token);
    this.carried.push({ text, endpoint: this.#endpoint });
  }

  fromBridge(bytes: Buffer): void {
    const message = read(bytes);
    if (message === undefined) return;
    const token = message.token.toString('hex');
    if (message.ack && message.code === '0.00') this.#acknowledge(this.#notified.get(message.messageId));
    else if (message.code === REGISTERED) this.#begin(pathOf(message, 'Location-Path'));
    else if (message.code === '2.04') this.#acknowledge(this.#sent.get(token));
    else if (message.code.startsWith('0.0')) {
      const text = COMMAND_TEXT.exec(message.payload.toString('latin1'))?.[0];
      if (text !== undefined) this.#asked.set(token, text);
    }
  }

  /** `/rd/<id>`. */
  #begin([, id = '']: readonly string[]): void {
    const registration = registrationMark(id);
    // An answer may be sent more than once.
    if (this.begun.some((one) => one.registration === registration)) return;
    this.begun.push({ endpoint: this.#endpoint, registration, at: this.#moments.next() });
  }

  #acknowledge(told: readonly Told[] = []): void {
    for (const one of told) one.acknowledgedAt ??= this.#moments.next();
  }

  #valuesOf(message: ParsedPacket): Told[] {
    const format = message.options.find(({ name }) => name === 'Content-Format')?.value as Buffer | undefined;
    if (format === undefined || format.length === 0 || format.readUIntBE(0, format.length) !== SENML_JSON) return [];
    let base = '';
    return records(message.payload).flatMap(({ bn, n = '', v }) => {
      base = bn ?? base;
      const path = base + n;
      if (v === undefined || !this.#paths.has(path)) return [];
      return [{ endpoint: this.#endpoint, path, value: v, at: this.#moments.next() }];
    });
  }
}

function read(bytes: Buffer): ParsedPacket | undefined {
  try {
    return parse(bytes);
  } catch {
    return undefined;
  }
}

function records(payload: Buffer): readonly Record[] {
  try {
    const pack = JSON.parse(payload.toString()) as unknown;
    return Array.isArray(pack) ? (pack as Record[]) : [];
  } catch {
    return [];
  }
}

function pathOf({ options }: ParsedPacket, option: 'Uri-Path' | 'Location-Path'): string[] {
  return options.filter(({ name }) => name === option).map(({ value }) => String(value));
}
