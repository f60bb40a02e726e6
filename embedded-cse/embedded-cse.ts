import { type Clock, errorMessage, type Logger, silentLogger, systemClock } from '../common/index.ts';
import type { DialectName, RequestPrimitive, ResponsePrimitive } from '../cse-client/index.ts';
import { AccessControl } from './access.ts';
import type { CseIdentity } from './addressing.ts';
import { BEHAVIOURS, type Behaviour } from './behaviour.ts';
import { cseBaseResource, furnish } from './bootstrap.ts';
import type { Context } from './context.ts';
import { CseCore } from './cse-core.ts';
import { Delivery, type DeliveryCounters } from './delivery.ts';
import { dumpTree } from './dump.ts';
import { ExpiryScan, removeExpired } from './expiry-scan.ts';
import { type FaultKind, Faults } from './faults.ts';
import { HttpServer, type Outcome } from './http-server.ts';
import { Notifier } from './notification.ts';
import { ResourceTree } from './resource-tree.ts';
import { Timestamps } from './timestamps.ts';

/** What an embedded CSE is told; everything has a default. */
export interface EmbeddedCseOptions {
  /** Address to listen on; default `127.0.0.1`. */
  readonly host?: string;
  /** Default 0: any free port. */
  readonly port?: number;
  /** CSE-ID, with or without its slash; default as the dialect has it, `/id-in` for ACME. */
  readonly cseId?: string;
  /** resourceName of the CSEBase; default as the dialect has it, `cse-in` for ACME. */
  readonly cseBase?: string;
  /** Originator that no policy binds; default `CAdmin`. */
  readonly adminOriginator?: string;
  /** Whose habits it takes on; default `acme`. */
  readonly dialect?: DialectName;
  readonly clock?: Clock;
  readonly logger?: Logger;
  /** Milliseconds between two looks for expired resources; default 1,000. */
  readonly expirationInterval?: number;
  /** Resources that it holds at most, beyond which CREATE is 5000; default 1,000,000. */
  readonly maxResources?: number;
  /** Notifications that wait at most, beyond which they are dropped; default 10,000. */
  readonly maxQueuedNotifications?: number;
  /** Milliseconds that a notification target has; default 10,000. */
  readonly notificationTimeout?: number;
  /** From 0 up to 1, for generated identifiers; they are no secret. Default `Math.random`. */
  readonly random?: () => number;
}

/** What an embedded CSE has done since it was made. */
export interface EmbeddedCseCounters {
  readonly requests: number;
  /** Answers by response status code. */
  readonly answers: ReadonlyMap<number, number>;
  readonly notifications: Readonly<DeliveryCounters>;
  /** Resources that it holds now. */
  readonly resources: number;
}

const LETTERS = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789';
const DEFAULT_MAX_RESOURCES = 1_000_000;

/**
 * A oneM2M CSE in memory with an HTTP binding, for demo, tests, development and fault injection. It behaves as ACME does,
 * or with the habits of another dialect; it does not authenticate originators and forgets everything when it stops.
 */
export class EmbeddedCse {
  /** Makes requests go wrong; only from within the process. */
  readonly faults: Faults;
  readonly #options: EmbeddedCseOptions;
  readonly #behaviour: Behaviour;
  readonly #identity: CseIdentity;
  readonly #administrator: string;
  readonly #clock: Clock;
  readonly #logger: Logger;
  readonly #answers = new Map<number, number>();
  readonly #delivery: Delivery;
  readonly #notifier: Notifier;
  #http: HttpServer | undefined;
  #scan: ExpiryScan | undefined;
  #poa = '';
  #port: number;
  #requests = 0;
  #sequence = 0;
  #context!: Context;
  #core!: CseCore;

  constructor(options: EmbeddedCseOptions = {}) {
    this.#options = options;
    this.#port = options.port ?? 0;
    this.#behaviour = BEHAVIOURS[options.dialect ?? 'acme'];
    const cseId = options.cseId ?? this.#behaviour.cseId;
    this.#identity = {
      cseId: cseId.startsWith('/') ? cseId : `/${cseId}`,
      cseBase: options.cseBase ?? this.#behaviour.cseBase,
      serviceProviderId: this.#behaviour.serviceProviderId,
    };
    this.#administrator = options.adminOriginator ?? 'CAdmin';
    this.#clock = options.clock ?? systemClock;
    this.#logger = options.logger ?? silentLogger;
    this.#delivery = new Delivery({
      timeout: options.notificationTimeout ?? 10_000,
      maxQueued: options.maxQueuedNotifications ?? 10_000,
      logger: this.#logger,
    });
    this.#notifier = new Notifier(this.#delivery);
    this.faults = new Faults(() => this.reset());
    this.reset();
  }

  /** CSE-ID with its slash. */
  get cseId(): string {
    return this.#identity.cseId;
  }

  /** resourceName of the CSEBase. */
  get cseBase(): string {
    return this.#identity.cseBase;
  }

  get adminOriginator(): string {
    return this.#administrator;
  }

  get counters(): EmbeddedCseCounters {
    return {
      requests: this.#requests,
      answers: this.#answers,
      notifications: this.#delivery.counters,
      resources: this.#context.tree.size,
    };
  }

  /**
   * Listens; rejects with IpeError `cse/listen`. `url` is what a client on this machine uses, without a trailing slash. After
   * `stop` it listens on the same port again, with what it held: a CSE that was away.
   */
  async start(): Promise<{ address: string; port: number; url: string }> {
    const http = new HttpServer({
      host: this.#options.host ?? '127.0.0.1',
      port: this.#port,
      maxBody: this.#behaviour.maxBody,
      decimalNumbers: this.#behaviour.decimalNumbers,
      strayBytes: this.#behaviour.strayBytes,
      silentOnRepeatedLabel: this.#behaviour.repeatedLabel === 'silence',
      handle: (request) => this.#receive(request),
    });
    const { address, port } = await http.start();
    this.#http = http;
    this.#port = port;
    this.#delivery.reopen();
    const reachable = address === '0.0.0.0' ? '127.0.0.1' : address === '::' ? '::1' : address;
    const url = `http://${reachable.includes(':') ? `[${reachable}]` : reachable}:${port}`;
    this.#poa = url;
    const root = this.#context.tree.root;
    this.#context.tree.replaceAttributes(root, { ...root.attributes, poa: [url] });
    this.#watchExpiry();
    this.#logger.info('embedded CSE: listening', { url, cseId: this.cseId, cseBase: this.cseBase });
    return { address, port, url };
  }

  /** Closes the port, all connections and what is still being notified. */
  async stop(): Promise<void> {
    this.#scan?.stop();
    await this.#http?.stop();
    await this.#delivery.close();
  }

  /** Forgets everything but who it is, as after a restart. */
  reset(): void {
    this.#sequence = 0;
    const times = new Timestamps(this.#clock, this.#behaviour.timestampFraction);
    const root = cseBaseResource(this.#identity, this.#behaviour, times, this.#poa);
    const tree = new ResourceTree(root);
    const nextSequence = () => ++this.#sequence;
    furnish(tree, this.#behaviour, times, this.#administrator, nextSequence);
    this.#context = {
      tree,
      identity: this.#identity,
      behaviour: this.#behaviour,
      access: new AccessControl(tree, this.#identity, this.#behaviour, this.#administrator),
      times,
      events: this.#notifier,
      randomId: () => randomId(this.#options.random ?? Math.random),
      nextSequence,
      maxResources: this.#options.maxResources ?? DEFAULT_MAX_RESOURCES,
      leakedAeIds: new Set(),
    };
    this.#notifier.attach(this.#context);
    this.#core = new CseCore(this.#context, this.#clock, this.#logger);
    if (this.#scan !== undefined) this.#watchExpiry();
  }

  /** The tree as lines that a person can read. */
  dump(): string[] {
    return dumpTree(this.#context.tree.root);
  }

  /** One request without HTTP and without faults. */
  handle(request: RequestPrimitive): ResponsePrimitive | Promise<ResponsePrimitive> {
    return this.#core.handle(request);
  }

  /** Resolves when every notification has been sent or given up. */
  notificationsSettled(): Promise<void> {
    return this.#delivery.settled();
  }

  #watchExpiry(): void {
    this.#scan?.stop();
    if (!this.#behaviour.deletesExpired) return;
    const interval = this.#options.expirationInterval ?? 1_000;
    this.#scan = new ExpiryScan(
      this.#clock,
      interval,
      () => removeExpired(this.#context),
      (error) => this.#logger.warn('embedded CSE: nothing expires any more', { error: errorMessage(error) }),
    );
    this.#scan.start();
  }

  #receive(request: RequestPrimitive): Outcome | Promise<Outcome> {
    this.#requests++;
    const fault = this.faults.strike(request);
    const outcome = fault === undefined ? this.#core.handle(request) : this.#spoil(request, fault);
    if (outcome instanceof Promise) return outcome.then((settled) => this.#count(settled));
    return this.#count(outcome);
  }

  #count(outcome: Outcome): Outcome {
    if (typeof outcome === 'string') return outcome;
    this.#answers.set(outcome.rsc, (this.#answers.get(outcome.rsc) ?? 0) + 1);
    return { ...outcome, ot: this.#context.times.stamp() };
  }

  #spoil(request: RequestPrimitive, fault: FaultKind): Outcome | Promise<Outcome> {
    if (fault.kind === 'refuse') {
      const { rqi, rvi } = request;
      return { rsc: fault.rsc, rqi, pc: { 'm2m:dbg': fault.message }, ...(rvi === undefined ? {} : { rvi }) };
    }
    const carryOut = async (): Promise<Outcome> => await this.#core.handle(request);
    const spoil = async (answer: Outcome): Promise<Outcome> => {
      if (fault.kind !== 'delay') return fault.kind;
      await new Promise<void>((resolve) => this.#clock.timer(fault.milliseconds, resolve));
      return answer;
    };
    if (fault.after) return carryOut().then(spoil);
    return fault.kind === 'delay' ? spoil('hang').then(carryOut) : fault.kind;
  }
}

function randomId(random: () => number): string {
  let id = '';
  for (let i = 0; i < 10; i++) id += LETTERS.charAt(Math.floor(random() * LETTERS.length));
  return id;
}
