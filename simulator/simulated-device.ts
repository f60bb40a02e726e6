import { IpeError, type Timer } from '../common/index.ts';
import { type Node, parsePath } from '../lwm2m/index.ts';
import { BootstrapLoop } from './bootstrap/bootstrap-loop.ts';
import type { PortReply } from './coap/coap-port.ts';
import { type Consequence, consequenceOf } from './consequences.ts';
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
import { type DeviceEvent, type DeviceOptions, type DeviceSettings, type Operation, withDefaults } from './options.ts';
import { RegistrationLoop } from './registration-loop.ts';
import { bindingWithQ, linkContentFormat, linkPayload, registerQuery } from './registration-request.ts';
import { RegularSends, sensorPaths } from './regular-sends.ts';
import { Observations } from './reporting/observations.ts';
import { ServerLink } from './server-link.ts';

/** What an Update tells the server beside that the device lives. */
export interface UpdateContent {
  /** The new lifetime in seconds. */
  readonly lifetime?: number;
  /** Sends the list of objects and instances. */
  readonly links?: boolean;
}

const STOP_LIMIT = 5_000;
/** Milliseconds that a Register may still take when the device stops. */
const REGISTER_LIMIT = 2_000;

/**
 * A LwM2M device: `start` keeps it registered until `stop`; `register`, `update` and `deregister` make one exchange
 * each and may be used without `start`. One exchange at a time (NSTART 1, RFC 7252 4.7).
 */
export class SimulatedDevice {
  readonly options: DeviceOptions;
  readonly objects: ObjectTree;
  readonly #managed: Managed;
  readonly #observations: Observations;
  readonly #link: ServerLink;
  readonly #loop: RegistrationLoop;
  readonly #sends: RegularSends;
  #rebooting: Timer | undefined;
  readonly #bootstrapLoop: BootstrapLoop | undefined;
  #lifetime: number;
  #location: readonly string[] | undefined;

  constructor(settings: DeviceSettings) {
    this.options = withDefaults(settings);
    this.#lifetime = this.options.lifetime;
    const { version, rootPath, format, objects, clock } = this.options;
    this.objects = new ObjectTree(objects, () => this.#facts(), clock, version);
    this.#loop = new RegistrationLoop(this, this.options);
    this.#managed = {
      tree: this.objects,
      attributes: new AttributeStore(),
      version,
      root: rootPath === '' ? '' : `/${rootPath}`,
      formats: formatsOf(version, format),
    };
    this.#link = this.#newLink();
    const { bootstrap } = this.options;
    this.#bootstrapLoop = bootstrap && new BootstrapLoop(this.options, bootstrap, (event) => this.#tell(event));
    this.#observations = this.#newObservations();
    this.#sends = new RegularSends({
      ...this.options,
      values: () => sensorPaths(this.objects).flatMap((path) => this.values(path)),
      send: (nodes) => {
        if (this.#location) this.send(nodes).catch(() => {});
      },
    });
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
    return this.#link.port;
  }

  /** True while the device, in queue mode, hears nothing. */
  get asleep(): boolean {
    return this.#link.sleep.asleep;
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
  open(): Promise<void> {
    return this.#link.open();
  }

  /**
   * Registers, once bootstrapped where it is to be, and stays registered; resolves with the first registration, however
   * many attempts it takes.
   */
  async start(): Promise<void> {
    if (!this.#bootstrapLoop) await this.open();
    else if (!(await this.bootstrap())) return;
    await this.#loop.start();
    this.#sends.start();
  }

  /**
   * Ends the loop, de-registers unless told not to, and closes the port. Takes at most `limit` milliseconds (5,000),
   * within which a request under way may end; 2,000 at most where it is not registered. Never rejects.
   */
  async stop(how: { readonly deregister?: boolean; readonly limit?: number } = {}): Promise<void> {
    this.#bootstrapLoop?.stop();
    this.#loop.stop();
    this.#sends.stop();
    this.#rebooting?.cancel();
    const { clock, misbehaviour } = this.options;
    if (how.deregister !== false && !misbehaviour.neverDeregister) {
      const limit = Math.min(how.limit ?? STOP_LIMIT, this.#location ? Number.POSITIVE_INFINITY : REGISTER_LIMIT);
      let timer: Timer | undefined;
      const over = new Promise<void>((resolve) => {
        timer = clock.timer(limit, resolve);
      });
      await Promise.race([this.#leave(limit), over]);
      timer?.cancel();
    }
    this.#observations.clear();
    this.#link.close();
  }

  /** Sends no more Updates by itself, as a device that lost its network. */
  goSilent(): void {
    this.#loop.pause();
  }

  /** Asks the bootstrap server for the account, and registers anew with it where it was registered; false when it stopped before. */
  async bootstrap(): Promise<boolean> {
    const account = await this.#bootstrapLoop?.run();
    if (account === undefined) return false;
    this.#link.redirect(account.server, account.key);
    this.#lifetime = account.lifetime;
    if (this.#location) this.forget();
    return true;
  }

  /** One Register (LwM2M 1.1 6.2.1). Resolves with the answer, whatever its code; rejects as `CoapPort.request`. */
  register(): Promise<PortReply> {
    return this.#link.exchange('register', () => {
      // Observations end with the registration that they were made in (LwM2M 1.1 6.4.1); those of the new one may come
      // before its answer does.
      this.#observations.clear();
      return {
        method: 'POST',
        path: ['rd'],
        query: registerQuery(this.options, this.#lifetime),
        contentFormat: linkContentFormat(this.options),
        payload: linkPayload(this.options, this.objects),
        blockSize: this.options.blockSize,
      };
    });
  }

  /** One Update (6.2.2); rejects with `simulator/not-registered` where there is no registration. */
  update(content: UpdateContent = {}): Promise<PortReply> {
    if (content.lifetime !== undefined) this.#lifetime = content.lifetime;
    return this.#link.exchange('update', () => ({
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
    return this.#link.exchange(
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
    return this.#link.exchange('send', () => ({
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
    // Without a registration there may be observations of one whose answer is still under way.
    if (this.#location !== undefined) this.#observations.clear();
    this.#location = undefined;
    this.#loop.wake();
  }

  async #leave(limit: number): Promise<void> {
    await this.#link.idle;
    if (this.#location) await this.deregister(limit).catch(() => {});
  }

  #registered(): readonly string[] {
    if (this.#location) return this.#location;
    throw new IpeError('simulator/not-registered', `${this.endpoint} is not registered`);
  }

  #conclude(operation: Operation, reply: PortReply, took: number): void {
    const { code } = reply;
    const gone = operation === 'deregister' || (code === '4.04' && operation !== 'send');
    if (gone) this.#location = undefined;
    if (gone) this.#observations.clear();
    if (operation === 'register' && code === '2.01') {
      this.#location = reply.locationPath.length > 0 ? reply.locationPath : undefined;
      this.#tell({ type: 'registered', location: this.location ?? '', took });
    } else if (operation === 'update' && code === '2.04') this.#tell({ type: 'updated', took });
    else if (operation === 'send' && code === '2.04') this.#tell({ type: 'sent', took });
    else if (operation === 'deregister' && code === '2.02') this.#tell({ type: 'deregistered', took });
    else this.#tell({ type: 'refused', operation, code, diagnostic: reply.payload.toString() });
  }

  #tell(event: DeviceEvent): void {
    this.options.logger.debug(event.type, { ...event, endpoint: this.endpoint });
    this.options.onEvent(event, this.endpoint);
  }

  #newLink(): ServerLink {
    return new ServerLink(this.options, {
      handler: () => this.#newAnswers(),
      replied: (operation, reply, took) => this.#conclude(operation, reply, took),
      over: () => this.#observations.wake(),
      sleepChanged: (asleep) => {
        if (asleep) this.#observations.sleep();
        this.#tell({ type: asleep ? 'asleep' : 'awake' });
      },
      tell: (event) => this.#tell(event),
    });
  }

  #newObservations(): Observations {
    return new Observations({
      ...this.options,
      managed: this.#managed,
      notify: (request, response, manner, ended) => this.#link.notify(request, response, manner, ended),
      notified: (path, confirmable) => this.#tell({ type: 'notified', path, confirmable }),
    });
  }

  #newAnswers(): DeviceAnswers {
    const { sleep } = this.#link;
    return new DeviceAnswers({
      ...this.options,
      managed: this.#managed,
      observations: this.#observations,
      listens: () => !sleep.asleep && !this.#rebooting,
      asked: ({ method, path }, code) => {
        sleep.stir();
        this.#tell({ type: 'asked', method, path: `/${path.join('/')}`, code });
      },
      happened: (effects) => this.#react(effects),
    });
  }

  /** What a request of the server has as its consequence, once it is answered. */
  #react(effects: readonly Effect[]): void {
    for (const consequence of new Set(effects.map(consequenceOf))) {
      if (consequence === 'factory-reset') this.#resetToFactory();
      if (consequence !== undefined && this.#location) this.#follow(consequence);
    }
    if (effects.length > 0) this.#observations.look();
  }

  #follow(consequence: Consequence): void {
    switch (consequence) {
      case 'register-anew':
      case 'factory-reset':
        this.#reboot();
        break;
      case 'bootstrap':
        void this.bootstrap();
        break;
      case 'update':
        this.#report();
        break;
      case 'update-links':
        this.#report({ links: true });
        break;
      case 'update-lifetime':
        this.#report({ lifetime: Number(this.objects.instances(1)?.[0]?.written.get(1)) });
    }
  }

  /** Hears and says nothing while it starts, and has lost its registration then. */
  #reboot(): void {
    const { clock, rebootTime } = this.options;
    this.#observations.clear();
    this.#rebooting?.cancel();
    const up = () => {
      this.#rebooting = undefined;
      this.forget();
    };
    if (rebootTime === 0) up();
    else this.#rebooting = clock.timer(rebootTime, up);
  }

  #report(content: UpdateContent = {}): void {
    this.update(content).catch(() => {});
  }

  #resetToFactory(): void {
    this.objects.reset();
    this.#managed.attributes.clear();
    this.#lifetime = this.options.lifetime;
  }

  #facts(): DeviceFacts {
    return { endpoint: this.endpoint, lifetime: this.#lifetime, binding: bindingWithQ(this.options) };
  }
}
