import { isIP } from 'node:net';
import { errorMessage, IpeError } from '../common/index.ts';
import { CoapPort, type PortReply, type PortRequest } from './coap/coap-port.ts';
import type { DeviceRequest, DeviceResponse, NotificationEnd, PortHandler } from './coap/exchange.ts';
import type { DeviceKey } from './coap/secure-socket.ts';
import type { NotificationManner } from './coap/server-role.ts';
import type { DeviceEvent, DeviceOptions, Operation } from './options.ts';
import { resolved, type ServerAddress } from './server-uri.ts';
import { Sleep } from './sleep.ts';

/** What the link tells its device. */
export interface LinkListener {
  readonly handler: () => PortHandler;
  /** An answer came; called before the exchange resolves. */
  readonly replied: (operation: Operation, reply: PortReply, took: number) => void;
  /** An exchange is over, with or without an answer. */
  readonly over: () => void;
  readonly sleepChanged: (asleep: boolean) => void;
  readonly tell: (event: DeviceEvent) => void;
}

/** The connection of a device with its server: one exchange at a time (NSTART 1, RFC 7252 4.7), sleep in between. */
export class ServerLink {
  readonly sleep: Sleep;
  readonly #options: DeviceOptions;
  readonly #listener: LinkListener;
  #server: ServerAddress;
  #key: DeviceKey | undefined;
  #port: CoapPort | undefined;
  #detach: (() => void) | undefined;
  #turn: Promise<unknown> = Promise.resolve();

  constructor(options: DeviceOptions, listener: LinkListener) {
    this.#options = options;
    this.#server = options.server;
    this.#key = options.key;
    this.#listener = listener;
    this.sleep = new Sleep({ ...options, changed: listener.sleepChanged });
  }

  /** Where the device is reached; undefined while the link is closed. */
  get port(): number | undefined {
    return this.#port?.port;
  }

  /** Resolves when the exchanges that were asked for so far are over. */
  get idle(): Promise<unknown> {
    return this.#turn;
  }

  /** Opens the port, with its DTLS session where there is to be one; harmless when it is open. */
  async open(): Promise<void> {
    if (this.#port) return;
    this.#server = { ...this.#server, host: await resolved(this.#server.host) };
    const { misbehaviour, clock, random, localAddress, port } = this.#options;
    const key = this.#key;
    const family = isIP(this.#server.host) === 6 ? 6 : 4;
    const options = { family, localAddress, misbehaviour, clock, random } as const;
    if (port !== undefined) this.#port = port;
    else if (!this.#server.secure) this.#port = await CoapPort.open(options);
    else if (key !== undefined) this.#port = await CoapPort.openSecure(this.#server, key, options);
    else throw new IpeError('simulator/handshake', 'a coaps server needs the key of the device');
    this.#detach = this.#port.attach(this.#listener.handler());
  }

  /** From now on this is the server; what was open is closed. */
  redirect(server: ServerAddress, key: DeviceKey | undefined): void {
    this.#closePort();
    this.#server = server;
    this.#key = key;
  }

  /** Ends every exchange, and closes the port unless others share it. */
  close(): void {
    this.sleep.stop();
    this.#closePort();
  }

  #closePort(): void {
    this.#detach?.();
    this.#detach = undefined;
    if (this.#port !== this.#options.port) this.#port?.close();
    this.#port = undefined;
  }

  /** One exchange, after those before it; `request` is asked when its turn comes. Rejects as `CoapPort.request`. */
  exchange(
    operation: Operation,
    request: () => PortRequest,
    limit = this.#options.responseTimeout,
  ): Promise<PortReply> {
    const result = this.#turn.then(() => this.#exchange(operation, request, limit));
    this.#turn = result.catch(() => {});
    return result;
  }

  /** A notification to whoever made `request`, as `CoapPort.notify`. */
  notify(
    request: DeviceRequest,
    response: DeviceResponse,
    manner: NotificationManner,
    ended: (how: NotificationEnd) => void,
  ): void {
    this.sleep.stir();
    this.#port?.notify(request, response, manner, ended);
  }

  async #exchange(operation: Operation, request: () => PortRequest, limit: number): Promise<PortReply> {
    const { replied, over, tell } = this.#listener;
    const { clock } = this.#options;
    this.sleep.hold();
    try {
      await this.open();
      const from = clock.monotonic();
      const reply = await (this.#port as CoapPort).request(this.#server, request(), limit);
      replied(operation, reply, clock.monotonic() - from);
      return reply;
    } catch (error) {
      const code = error instanceof IpeError ? error.code : 'simulator/socket';
      if (code !== 'simulator/stopped') tell({ type: 'failed', operation, code, message: errorMessage(error) });
      throw error;
    } finally {
      this.sleep.release();
      over();
    }
  }
}
