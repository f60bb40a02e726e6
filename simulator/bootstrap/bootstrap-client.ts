import { isIP } from 'node:net';
import { DecodeError, IpeError, type Timer } from '../../common/index.ts';
import type { CoapCode } from '../../lwm2m/index.ts';
import { CoapPort, type PortReply } from '../coap/coap-port.ts';
import type { DeviceAnswer, DeviceRequest, PortHandler } from '../coap/exchange.ts';
import { formatsOf, LINK_FORMAT, SENML_CBOR } from '../operations/content-formats.ts';
import { pathOfSegments } from '../operations/target.ts';
import type { DeviceOptions } from '../options.ts';
import { resolved, type ServerAddress } from '../server-uri.ts';
import { AccountStore, type ServerAccount } from './account-store.ts';
import type { BootstrapSettings } from './bootstrap-settings.ts';

type Needed = Pick<
  DeviceOptions,
  | 'endpoint'
  | 'version'
  | 'format'
  | 'blockSize'
  | 'localAddress'
  | 'misbehaviour'
  | 'clock'
  | 'random'
  | 'responseTimeout'
>;

/** The side of the client in one client-initiated bootstrap (LwM2M 1.1 6.1.4), on a port of its own. */
export class BootstrapClient implements PortHandler {
  readonly blockSize: number;
  readonly #options: Needed;
  readonly #settings: BootstrapSettings;
  readonly #store: AccountStore;
  #port: CoapPort | undefined;
  #timer: Timer | undefined;
  #finish: ((account: ServerAccount) => void) | undefined;
  #fail: ((error: IpeError) => void) | undefined;

  constructor(options: Needed, settings: BootstrapSettings) {
    this.#options = options;
    this.#settings = settings;
    this.blockSize = options.blockSize;
    const { secure, host, port } = settings.server;
    this.#store = new AccountStore(options.version, `coap${secure ? 's' : ''}://${host}:${port}`);
  }

  /**
   * From Bootstrap-Request to Bootstrap-Finish; a client of 1.2 asks for a pack first. Rejects with `IpeError`
   * `simulator/bootstrap-refused`, `simulator/timeout` when the server falls silent, or as `CoapPort`.
   */
  async run(): Promise<ServerAccount> {
    const server = { ...this.#settings.server, host: await resolved(this.#settings.server.host) };
    this.#port = await this.#open(server);
    try {
      const finished = new Promise<ServerAccount>((resolve, reject) => {
        this.#finish = resolve;
        this.#fail = reject;
      });
      finished.catch(() => {});
      this.#port.attach(this);
      const packed = this.#options.version === '1.2' ? await this.#packed(server) : undefined;
      if (packed !== undefined) return packed;
      const reply = await this.#ask(server, 'POST', 'bs');
      if (reply.code !== '2.04') throw refused(reply);
      this.#listen();
      return await finished;
    } finally {
      this.stop();
    }
  }

  /** Gives up. */
  stop(): void {
    this.#timer?.cancel();
    this.#fail?.(new IpeError('simulator/stopped', 'the device was stopped'));
    this.#port?.close();
    this.#port = undefined;
  }

  listens(): boolean {
    return true;
  }

  answer(request: DeviceRequest): DeviceAnswer {
    this.#listen();
    try {
      return this.#answer(request);
    } catch (error) {
      if (error instanceof DecodeError) return { code: '4.00' };
      throw error;
    }
  }

  #answer({ method, path, accept, contentFormat, payload }: DeviceRequest): DeviceAnswer {
    if (method === 'POST' && path.length === 1 && path[0] === 'bs') return this.#finished();
    const target = path.length === 0 ? undefined : pathOfSegments(path);
    if (path.length > 0 && target === undefined) return { code: '4.04' };
    if (method === 'DELETE') {
      this.#store.delete(target);
      return { code: '2.02' };
    }
    if (method === 'GET') {
      if (accept === LINK_FORMAT || target === undefined) {
        return { code: '2.05', contentFormat: LINK_FORMAT, payload: this.#store.links(target?.objectId) };
      }
      if (target.objectId !== 1 && target.objectId !== 2) return { code: '4.05' };
      const format = accept ?? this.#formats.usual;
      if (!this.#formats.spoken.has(format)) return { code: '4.06' };
      const read = this.#store.read(target, format);
      return read === undefined ? { code: '4.04' } : { code: '2.05', contentFormat: format, payload: read };
    }
    if (method !== 'PUT' || target === undefined) return { code: '4.05' };
    if (contentFormat === undefined || !this.#formats.spoken.has(contentFormat)) return { code: '4.15' };
    return { code: this.#store.write(target, contentFormat, payload) ? '2.04' : '4.04' };
  }

  /** 4.06: what was written makes no account (LwM2M 1.1 Transport 6.4.2). */
  #finished(): DeviceAnswer {
    const account = this.#store.account();
    if (account === undefined) {
      const error = new IpeError('simulator/bootstrap-refused', 'what the bootstrap server wrote makes no account');
      return { code: '4.06', after: () => this.#fail?.(error) };
    }
    return { code: '2.04', after: () => this.#finish?.(account) };
  }

  async #packed(server: ServerAddress): Promise<ServerAccount | undefined> {
    const reply = await this.#ask(server, 'GET', 'bspack');
    if (reply.code !== '2.05') return undefined;
    this.#store.writePack(SENML_CBOR, reply.payload);
    return this.#store.account();
  }

  #ask(server: ServerAddress, method: 'GET' | 'POST', path: 'bs' | 'bspack'): Promise<PortReply> {
    const { endpoint, version, blockSize, responseTimeout } = this.#options;
    const pack = path === 'bspack';
    const preferred = version === '1.0' || pack ? [] : [`pct=${this.#formats.usual}`];
    const accept = pack ? { accept: SENML_CBOR } : undefined;
    const request = { method, path: [path], query: [`ep=${endpoint}`, ...preferred], blockSize, ...accept };
    return this.#port!.request(server, request, responseTimeout);
  }

  #open(server: ServerAddress): Promise<CoapPort> {
    const { localAddress, misbehaviour, clock, random } = this.#options;
    const family = isIP(server.host) === 6 ? 6 : 4;
    const options = { family, localAddress, misbehaviour, clock, random } as const;
    if (!server.secure) return CoapPort.open(options);
    const { key } = this.#settings;
    if (key === undefined)
      throw new IpeError('simulator/handshake', 'a coaps bootstrap server needs the key of the device');
    return CoapPort.openSecure(server, key, options);
  }

  /** A server that is silent for the time of an exchange has given up. */
  #listen(): void {
    const { clock, responseTimeout } = this.#options;
    this.#timer?.cancel();
    this.#timer = clock.timer(responseTimeout, () => {
      this.#fail?.(new IpeError('simulator/timeout', 'the bootstrap server fell silent', { retryable: true }));
    });
  }

  get #formats() {
    return formatsOf(this.#options.version, this.#options.format);
  }
}

function refused({ code, payload }: PortReply): IpeError {
  const text = payload.toString();
  return new IpeError('simulator/bootstrap-refused', `Bootstrap-Request: ${code}${text === '' ? '' : ` ${text}`}`, {
    details: { code: code as CoapCode },
  });
}
