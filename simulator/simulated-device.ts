import { isIP } from 'node:net';
import { errorMessage, IpeError, type Timer } from '../common/index.ts';
import { CoapPort, type PortReply, type PortRequest } from './coap-port.ts';
import { answerRequest, type DeviceAnswer, type DeviceRequest } from './device-management.ts';
import { ObjectTree } from './object-tree.ts';
import type { DeviceFacts } from './objects/definition.ts';
import { type DeviceOptions, type DeviceSettings, type Operation, withDefaults } from './options.ts';
import { RegistrationLoop } from './registration-loop.ts';
import { bindingWithQ, linkContentFormat, linkPayload, registerQuery } from './registration-request.ts';
import { resolved, type ServerAddress } from './server-uri.ts';

/** What an Update tells the server beside that the device lives. */
export interface UpdateContent {
  /** The new lifetime in seconds. */
  readonly lifetime?: number;
  /** Sends the list of objects and instances. */
  readonly links?: boolean;
}

const STOP_LIMIT = 5_000;
const TOUCHED_LIFETIME = /^1\/\d+\/1$/;
const TOUCHED_UPDATE_TRIGGER = /^1\/\d+\/8$/;
const TOUCHED_REBOOT = /^3\/\d+\/4$/;

/**
 * A LwM2M device: `start` keeps it registered until `stop`; `register`, `update` and `deregister` make one exchange
 * each and may be used without `start`. One exchange at a time (NSTART 1, RFC 7252 4.7).
 */
export class SimulatedDevice {
  readonly options: DeviceOptions;
  readonly objects: ObjectTree;
  readonly #loop: RegistrationLoop;
  #port: CoapPort | undefined;
  #detach: (() => void) | undefined;
  #server: ServerAddress;
  #lifetime: number;
  #location: readonly string[] | undefined;
  #turn: Promise<unknown> = Promise.resolve();

  constructor(settings: DeviceSettings) {
    this.options = withDefaults(settings);
    this.#server = this.options.server;
    this.#lifetime = this.options.lifetime;
    this.objects = new ObjectTree(this.options.objects, () => this.#facts(), this.options.clock);
    this.#loop = new RegistrationLoop(this, this.options);
  }

  get endpoint(): string {
    return this.options.endpoint;
  }

  /** Seconds; the server may have written it. */
  get lifetime(): number {
    return this.#lifetime;
  }

  /** Path of the registration, e.g. `rd/4f1a`; undefined while there is none. */
  get location(): string | undefined {
    return this.#location?.join('/');
  }

  /** Where the device is reached; undefined before `open`. */
  get localPort(): number | undefined {
    return this.#port?.port;
  }

  /** Opens the UDP port; harmless when it is open. */
  async open(): Promise<void> {
    if (this.#port) return;
    this.#server = { ...this.#server, host: await resolved(this.#server.host) };
    const { misbehaviour, clock, random, localAddress } = this.options;
    const family = isIP(this.#server.host) === 6 ? 6 : 4;
    this.#port = this.options.port ?? (await CoapPort.open({ family, localAddress, misbehaviour, clock, random }));
    this.#detach = this.#port.attach((request) => this.#answer(request));
  }

  /** Registers and stays registered; resolves with the first registration, however many attempts it takes. */
  async start(): Promise<void> {
    await this.open();
    await this.#loop.start();
  }

  /**
   * Ends the loop, de-registers unless told not to, and closes the port. Takes at most `limit` milliseconds (5,000),
   * within which a request under way may end. Never rejects.
   */
  async stop(how: { readonly deregister?: boolean; readonly limit?: number } = {}): Promise<void> {
    this.#loop.stop();
    const { clock, misbehaviour } = this.options;
    if (how.deregister !== false && !misbehaviour.neverDeregister) {
      const limit = how.limit ?? STOP_LIMIT;
      let timer: Timer | undefined;
      const over = new Promise<void>((resolve) => {
        timer = clock.timer(limit, resolve);
      });
      await Promise.race([this.#leave(limit), over]);
      timer?.cancel();
    }
    this.#detach?.();
    this.#detach = undefined;
    if (this.#port !== this.options.port) this.#port?.close();
    this.#port = undefined;
  }

  /** Sends no more Updates by itself, as a device that lost its network. */
  goSilent(): void {
    this.#loop.pause();
  }

  /** One Register (LwM2M 1.1 6.2.1). Resolves with the answer, whatever its code; rejects as `CoapPort.request`. */
  register(): Promise<PortReply> {
    return this.#exchange('register', () => ({
      method: 'POST',
      path: ['rd'],
      query: registerQuery(this.options, this.#lifetime),
      contentFormat: linkContentFormat(this.options),
      payload: linkPayload(this.options, this.objects),
      blockSize: this.options.blockSize,
    }));
  }

  /** One Update (6.2.2); rejects with `simulator/not-registered` where there is no registration. */
  update(content: UpdateContent = {}): Promise<PortReply> {
    if (content.lifetime !== undefined) this.#lifetime = content.lifetime;
    return this.#exchange('update', () => ({
      method: 'POST',
      path: this.#registered(),
      query: content.lifetime === undefined ? [] : [`lt=${content.lifetime}`],
      contentFormat: content.links ? linkContentFormat(this.options) : undefined,
      payload: content.links ? linkPayload(this.options, this.objects) : undefined,
      blockSize: this.options.blockSize,
    }));
  }

  /** One De-register (6.2.3); rejects with `simulator/not-registered` where there is no registration. */
  deregister(limit?: number): Promise<PortReply> {
    return this.#exchange(
      'deregister',
      () => ({ method: 'DELETE', path: this.#registered(), query: [], blockSize: this.options.blockSize }),
      limit,
    );
  }

  /** Adds an object instance and tells the server. */
  addInstance(objectId: number, instanceId: number): Promise<PortReply> {
    this.objects.addInstance(objectId, instanceId);
    return this.update({ links: true });
  }

  /** Removes an object instance, its object with the last one, and tells the server. */
  removeInstance(objectId: number, instanceId: number): Promise<PortReply> {
    this.objects.removeInstance(objectId, instanceId);
    return this.update({ links: true });
  }

  /** Forgets the registration without a word, so that the loop registers anew. */
  forget(): void {
    this.#location = undefined;
    this.#loop.wake();
  }

  async #leave(limit: number): Promise<void> {
    await this.#turn;
    if (this.#location) await this.deregister(limit).catch(() => {});
  }

  #registered(): readonly string[] {
    if (this.#location) return this.#location;
    throw new IpeError('simulator/not-registered', `${this.endpoint} is not registered`);
  }

  #exchange(
    operation: Operation,
    request: () => PortRequest,
    limit = this.options.responseTimeout,
  ): Promise<PortReply> {
    const run = async () => {
      await this.open();
      const { clock } = this.options;
      const from = clock.monotonic();
      try {
        const reply = await (this.#port as CoapPort).request(this.#server, request(), limit);
        this.#conclude(operation, reply, clock.monotonic() - from);
        return reply;
      } catch (error) {
        const code = error instanceof IpeError ? error.code : 'simulator/socket';
        if (code !== 'simulator/stopped') this.#tell({ type: 'failed', operation, code, message: errorMessage(error) });
        throw error;
      }
    };
    const result = this.#turn.then(run, run);
    this.#turn = result.catch(() => {});
    return result;
  }

  #conclude(operation: Operation, reply: PortReply, took: number): void {
    const { code } = reply;
    if (operation === 'deregister' || code === '4.04') this.#location = undefined;
    if (operation === 'register' && code === '2.01') {
      this.#location = reply.locationPath.length > 0 ? reply.locationPath : undefined;
      this.#tell({ type: 'registered', location: this.location ?? '', took });
    } else if (operation === 'update' && code === '2.04') this.#tell({ type: 'updated', took });
    else if (operation === 'deregister' && code === '2.02') this.#tell({ type: 'deregistered', took });
    else this.#tell({ type: 'refused', operation, code, diagnostic: reply.payload.toString() });
  }

  #tell(event: Parameters<DeviceOptions['onEvent']>[0]): void {
    this.options.logger.debug(event.type, { ...event, endpoint: this.endpoint });
    this.options.onEvent(event, this.endpoint);
  }

  #answer(request: DeviceRequest): DeviceAnswer {
    const { rootPath } = this.options;
    const inside = rootPath === '' || request.path[0] === rootPath;
    const path = rootPath === '' ? request.path : request.path.slice(1);
    const root = rootPath === '' ? '' : `/${rootPath}`;
    const answer: DeviceAnswer = inside ? answerRequest(this.objects, root, { ...request, path }) : { code: '4.04' };
    this.#tell({ type: 'asked', method: request.method, path: `/${request.path.join('/')}`, code: answer.code });
    if (answer.touched) this.#react(answer.touched);
    return answer;
  }

  /** What a Write or Execute of the server has as its consequence, once it is answered. */
  #react(touched: string): void {
    if (!this.#location) return;
    if (TOUCHED_UPDATE_TRIGGER.test(touched)) this.update().catch(() => {});
    else if (TOUCHED_REBOOT.test(touched)) this.forget();
    else if (TOUCHED_LIFETIME.test(touched)) {
      const instance = this.objects.instance(1, Number(touched.split('/')[1]));
      this.update({ lifetime: Number(instance?.written.get(1)) }).catch(() => {});
    }
  }

  #facts(): DeviceFacts {
    return { endpoint: this.endpoint, lifetime: this.#lifetime, binding: bindingWithQ(this.options) };
  }
}
