import { isIP } from 'node:net';
import { errorMessage, IpeError, type Timer } from '../common/index.ts';
import { formatPath, type Node, type Path, parsePath } from '../lwm2m/index.ts';
import { CoapPort, type PortReply, type PortRequest } from './coap/coap-port.ts';
import { DeviceAnswers } from './device-answers.ts';
import { ObjectTree } from './object-tree.ts';
import type { DeviceFacts, ResourceContent } from './objects/definition.ts';
import { MUTE_SEND } from './objects/server.ts';
import { AttributeStore } from './operations/attribute-store.ts';
import { nodesAtPaths } from './operations/composite.ts';
import { formatsOf, isSenml, SENML_JSON } from './operations/content-formats.ts';
import type { Effect, Managed } from './operations/managed.ts';
import { representation } from './operations/read.ts';
import { find } from './operations/target.ts';
import { type DeviceOptions, type DeviceSettings, type Operation, withDefaults } from './options.ts';
import { RegistrationLoop } from './registration-loop.ts';
import { bindingWithQ, linkContentFormat, linkPayload, registerQuery } from './registration-request.ts';
import { Observations } from './reporting/observations.ts';
import { resolved, type ServerAddress } from './server-uri.ts';
import { Sleep } from './sleep.ts';

/** What an Update tells the server beside that the device lives. */
export interface UpdateContent {
  /** The new lifetime in seconds. */
  readonly lifetime?: number;
  /** Sends the list of objects and instances. */
  readonly links?: boolean;
}

const STOP_LIMIT = 5_000;
const SERVER = 1;
const LIFETIME = 1;
const UPDATE_TRIGGER = 8;
const DEVICE = 3;
const REBOOT = 4;
const FACTORY_RESET = 5;
const SENSOR_VALUE = 5700;

/**
 * A LwM2M device: `start` keeps it registered until `stop`; `register`, `update` and `deregister` make one exchange
 * each and may be used without `start`. One exchange at a time (NSTART 1, RFC 7252 4.7).
 */
export class SimulatedDevice {
  readonly options: DeviceOptions;
  readonly objects: ObjectTree;
  readonly #managed: Managed;
  readonly #observations: Observations;
  readonly #answers: DeviceAnswers;
  readonly #sleep: Sleep;
  readonly #loop: RegistrationLoop;
  #sending: Timer | undefined;
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
    const { version, rootPath, format } = this.options;
    this.#managed = {
      tree: this.objects,
      attributes: new AttributeStore(),
      version,
      root: rootPath === '' ? '' : `/${rootPath}`,
      formats: formatsOf(version, format),
    };
    this.#sleep = new Sleep({ ...this.options, changed: (asleep) => this.#sleepChanged(asleep) });
    this.#observations = this.#newObservations();
    this.#answers = this.#newAnswers();
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

  /** True while the device, in queue mode, hears nothing. */
  get asleep(): boolean {
    return this.#sleep.asleep;
  }

  /** How many observations the server has here. */
  get observations(): number {
    return this.#observations.size;
  }

  /** The values at a path such as `/3303/0/5700`, as a Read gives them. */
  values(path: string): Node[] {
    return nodesAtPaths(this.#managed, [parsePath(path)]);
  }

  /**
   * Sets a resource from the device's own side, whatever a server may do with it, and notifies who observes it. Throws
   * `IpeError` `simulator/object` for a resource that the device does not have.
   */
  set(path: string, content: ResourceContent): void {
    const target = find(this.objects, parsePath(path));
    const [instance] = target?.instances ?? [];
    if (!target?.resource || !instance) throw new IpeError('simulator/object', `${this.endpoint} has no ${path}`);
    this.objects.write(instance, target.resource, content);
    this.#observations.look();
  }

  /** Opens the UDP port; harmless when it is open. */
  async open(): Promise<void> {
    if (this.#port) return;
    this.#server = { ...this.#server, host: await resolved(this.#server.host) };
    const { misbehaviour, clock, random, localAddress } = this.options;
    const family = isIP(this.#server.host) === 6 ? 6 : 4;
    this.#port = this.options.port ?? (await CoapPort.open({ family, localAddress, misbehaviour, clock, random }));
    this.#detach = this.#port.attach(this.#answers);
  }

  /** Registers and stays registered; resolves with the first registration, however many attempts it takes. */
  async start(): Promise<void> {
    await this.open();
    await this.#loop.start();
    this.#sendLater();
  }

  /**
   * Ends the loop, de-registers unless told not to, and closes the port. Takes at most `limit` milliseconds (5,000),
   * within which a request under way may end. Never rejects.
   */
  async stop(how: { readonly deregister?: boolean; readonly limit?: number } = {}): Promise<void> {
    this.#loop.stop();
    this.#sending?.cancel();
    this.#sending = undefined;
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
    this.#observations.clear();
    this.#sleep.stop();
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

  /**
   * One Send of the values at these paths, or of values with their times (LwM2M 1.1 6.4.6). Rejects with
   * `simulator/no-send` where the version has no Send, the server has muted it, or there is nothing to send.
   */
  send(what: readonly (string | Node)[]): Promise<PortReply> {
    const nodes = what.flatMap((each) => (typeof each === 'string' ? this.values(each) : [each]));
    const { usual } = this.#managed.formats;
    const answer = representation(this.#managed, undefined, nodes, isSenml(usual) ? usual : SENML_JSON);
    const muted = this.values(`/1/0/${MUTE_SEND}`)[0]?.value === true;
    if (this.options.version === '1.0' || muted || nodes.length === 0 || answer.code !== '2.05') {
      return Promise.reject(new IpeError('simulator/no-send', `${this.endpoint} cannot send`));
    }
    const { contentFormat, payload } = answer;
    const { blockSize } = this.options;
    return this.#exchange('send', () => ({
      method: 'POST',
      path: ['dp'],
      query: [],
      contentFormat,
      payload,
      blockSize,
    }));
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
    this.#observations.clear();
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
      this.#sleep.hold();
      try {
        const reply = await (this.#port as CoapPort).request(this.#server, request(), limit);
        this.#conclude(operation, reply, clock.monotonic() - from);
        return reply;
      } catch (error) {
        const code = error instanceof IpeError ? error.code : 'simulator/socket';
        if (code !== 'simulator/stopped') this.#tell({ type: 'failed', operation, code, message: errorMessage(error) });
        throw error;
      } finally {
        this.#sleep.release();
        this.#observations.wake();
      }
    };
    const result = this.#turn.then(run, run);
    this.#turn = result.catch(() => {});
    return result;
  }

  #conclude(operation: Operation, reply: PortReply, took: number): void {
    const { code } = reply;
    const gone = operation === 'deregister' || (code === '4.04' && operation !== 'send');
    if (gone) this.#location = undefined;
    // Observations end with the registration that they were made in (LwM2M 1.1 6.4.1).
    if (gone || operation === 'register') this.#observations.clear();
    if (operation === 'register' && code === '2.01') {
      this.#location = reply.locationPath.length > 0 ? reply.locationPath : undefined;
      this.#tell({ type: 'registered', location: this.location ?? '', took });
    } else if (operation === 'update' && code === '2.04') this.#tell({ type: 'updated', took });
    else if (operation === 'send' && code === '2.04') this.#tell({ type: 'sent', took });
    else if (operation === 'deregister' && code === '2.02') this.#tell({ type: 'deregistered', took });
    else this.#tell({ type: 'refused', operation, code, diagnostic: reply.payload.toString() });
  }

  #tell(event: Parameters<DeviceOptions['onEvent']>[0]): void {
    this.options.logger.debug(event.type, { ...event, endpoint: this.endpoint });
    this.options.onEvent(event, this.endpoint);
  }

  #newObservations(): Observations {
    const { clock, random, sampleInterval, confirmEvery, misbehaviour } = this.options;
    return new Observations({
      managed: this.#managed,
      clock,
      random,
      sampleInterval,
      confirmEvery,
      misbehaviour,
      notify: (request, response, manner, ended) => {
        this.#sleep.stir();
        this.#port?.notify(request, response, manner, ended);
      },
      notified: (path, confirmable) => this.#tell({ type: 'notified', path, confirmable }),
    });
  }

  #newAnswers(): DeviceAnswers {
    const { blockSize, misbehaviour } = this.options;
    return new DeviceAnswers({
      managed: this.#managed,
      observations: this.#observations,
      blockSize,
      misbehaviour,
      listens: () => !this.#sleep.asleep,
      asked: ({ method, path }, code) => {
        this.#sleep.stir();
        this.#tell({ type: 'asked', method, path: `/${path.join('/')}`, code });
      },
      happened: (effects) => {
        for (const effect of effects) this.#react(effect);
        if (effects.length > 0) this.#observations.look();
      },
    });
  }

  /** What a request of the server has as its consequence, once it is answered. */
  #react(effect: Effect): void {
    const { objectId, instanceId, resourceId } = effect.path;
    if (effect.type === 'executed' && objectId === DEVICE && resourceId === FACTORY_RESET) this.#resetToFactory();
    if (!this.#location) return;
    if (effect.type === 'created' || effect.type === 'deleted') this.#report({ links: true });
    else if (effect.type === 'executed' && objectId === SERVER && resourceId === UPDATE_TRIGGER) this.#report();
    else if (
      effect.type === 'executed' &&
      objectId === DEVICE &&
      (resourceId === REBOOT || resourceId === FACTORY_RESET)
    ) {
      this.forget();
    } else if (effect.type === 'written' && objectId === SERVER && resourceId === LIFETIME) {
      this.#report({ lifetime: Number(this.objects.instance(SERVER, instanceId ?? 0)?.written.get(LIFETIME)) });
    }
  }

  #report(content: UpdateContent = {}): void {
    this.update(content).catch(() => {});
  }

  #resetToFactory(): void {
    this.objects.reset();
    this.#managed.attributes.clear();
    this.#lifetime = this.options.lifetime;
  }

  #sleepChanged(asleep: boolean): void {
    if (asleep) this.#observations.sleep();
    this.#tell({ type: asleep ? 'asleep' : 'awake' });
  }

  #sendLater(): void {
    const { sendInterval, clock } = this.options;
    if (sendInterval === 0 || this.#sending) return;
    const again = () => {
      this.#sending = clock.timer(sendInterval, () => {
        if (this.#location) this.send(this.#sensors()).catch(() => {});
        again();
      });
    };
    again();
  }

  /** The values of the sensors and when they are read. */
  #sensors(): Node[] {
    const time = this.options.clock.wall();
    const ids = this.objects.objectIds().flatMap((objectId) => this.objects.instances(objectId) ?? []);
    return ids
      .filter(({ definition }) => definition.resources.some(({ id }) => id === SENSOR_VALUE))
      .map(({ definition, instanceId }) => ({ objectId: definition.id, instanceId, resourceId: SENSOR_VALUE }))
      .flatMap((path: Path) => this.values(formatPath(path)).map((node) => ({ ...node, time })));
  }

  #facts(): DeviceFacts {
    return { endpoint: this.endpoint, lifetime: this.#lifetime, binding: bindingWithQ(this.options) };
  }
}
