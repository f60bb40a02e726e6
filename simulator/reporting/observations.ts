import type { Clock, Timer } from '../../common/index.ts';
import type { Node, Path } from '../../lwm2m/index.ts';
import type { DeviceRequest, DeviceResponse, NotificationEnd } from '../coap/exchange.ts';
import type { NotificationManner } from '../coap/server-role.ts';
import type { Misbehaviour } from '../misbehaviour.ts';
import { MAXIMUM_PERIOD, MINIMUM_PERIOD } from '../objects/server.ts';
import type { Attributes } from '../operations/attribute-store.ts';
import { compositePaths, nodesAtPaths } from '../operations/composite.ts';
import type { Managed } from '../operations/managed.ts';
import { representation } from '../operations/read.ts';
import { find } from '../operations/target.ts';
import { type Memory, remember, worthTelling } from './notification-rule.ts';

/** Observations that a device keeps; more are answered once, without Observe (RFC 7641 4.1). */
const MOST_OBSERVATIONS = 1_000;
/** Observe values have 24 bits (RFC 7641 4.4). */
const SEQUENCE = 2 ** 24;

/** What the reporting of a device is built from. */
export interface ReportingParts {
  readonly managed: Managed;
  readonly clock: Clock;
  readonly random: () => number;
  /** Milliseconds between two looks at the values. */
  readonly sampleInterval: number;
  /** Every how many notifications one is confirmable; 0: none but where `con` asks for it. */
  readonly confirmEvery: number;
  readonly misbehaviour: Pick<Misbehaviour, 'loseNotifications' | 'retransmit' | 'partialNotifications'>;
  readonly notify: (
    request: DeviceRequest,
    response: DeviceResponse,
    manner: NotificationManner,
    ended: (how: NotificationEnd) => void,
  ) => void;
  /** Called for each notification that is made, lost ones included. */
  readonly notified: (path: string, confirmable: boolean) => void;
}

interface Observation {
  readonly request: DeviceRequest;
  /** Undefined among them: the root. */
  readonly paths: readonly (Path | undefined)[];
  readonly composite: boolean;
  readonly memory: Memory;
  readonly contentFormat: number;
  sequence: number;
  sentAt: number;
  /** What is worth telling and waits for pmin, or for the end of the confirmable notification before. */
  due: Node[] | 'gone' | undefined;
  underWay: boolean;
}

/** The observations of one device: Observe, Notify, Cancel (LwM2M 1.1 6.4.1 to 6.4.5, RFC 7641). */
export class Observations {
  readonly #parts: ReportingParts;
  readonly #byToken = new Map<string, Observation>();
  #timer: Timer | undefined;
  #sampledAt = 0;
  #asleep = false;

  constructor(parts: ReportingParts) {
    this.#parts = parts;
  }

  get size(): number {
    return this.#byToken.size;
  }

  /**
   * Begins the observation that a request asks for, which was answered with this; the value of Observe, or undefined
   * where it is not to be had. An observation of the same token ends (RFC 7641 4.1).
   */
  begin(request: DeviceRequest, path: Path | undefined, contentFormat: number): number | undefined {
    const key = tokenKey(request);
    if (this.#byToken.size >= MOST_OBSERVATIONS && !this.#byToken.has(key)) return undefined;
    const { managed, clock } = this.#parts;
    const composite = path === undefined;
    const paths = composite ? compositePaths(managed, request) : [path];
    if (!Array.isArray(paths)) return undefined;
    const observation: Observation = {
      request,
      paths,
      composite,
      memory: new Map(),
      contentFormat,
      sequence: this.#byToken.get(key)?.sequence ?? 0,
      sentAt: clock.monotonic(),
      due: undefined,
      underWay: false,
    };
    observation.sequence = (observation.sequence + 1) % SEQUENCE;
    remember(observation.memory, this.#nodes(observation));
    if (this.#byToken.size === 0) this.#sampledAt = clock.monotonic();
    this.#byToken.set(key, observation);
    this.#plan();
    return observation.sequence;
  }

  /** Ends the observation with the token of a request. */
  cancel(request: DeviceRequest): void {
    this.#byToken.delete(tokenKey(request));
    this.#plan();
  }

  /** Ends them all, as a Register or De-register does (LwM2M 1.1 6.4). */
  clear(): void {
    this.#byToken.clear();
    this.#plan();
  }

  /** Looks at the values and tells what is worth it. */
  look(): void {
    const { clock } = this.#parts;
    this.#sampledAt = clock.monotonic();
    if (this.#asleep) return;
    for (const [key, observation] of this.#byToken) this.#examine(key, observation);
    this.#plan();
  }

  /** Looks at nothing while the device sleeps. */
  sleep(): void {
    this.#asleep = true;
    this.#plan();
  }

  /** Looks at the values after sleep. */
  wake(): void {
    if (!this.#asleep) return;
    this.#asleep = false;
    this.look();
  }

  #examine(key: string, observation: Observation): void {
    const { managed, clock } = this.#parts;
    const nodes = this.#nodes(observation);
    if (!this.#exists(observation, nodes)) {
      this.#end(key, observation, { code: '4.04' });
      return;
    }
    const worth = worthTelling(observation.memory, nodes, (path) => managed.attributes.inForce(path));
    if (worth.length > 0) observation.due = worth;
    const { pmin, pmax } = this.#periods(observation);
    const age = clock.monotonic() - observation.sentAt;
    if (observation.underWay) return;
    if ((observation.due && age >= pmin) || age >= pmax) this.#tell(key, observation, nodes);
  }

  #tell(key: string, observation: Observation, nodes: readonly Node[]): void {
    const { managed, clock, random, misbehaviour, notify, confirmEvery } = this.#parts;
    const { due, composite, paths, contentFormat, request } = observation;
    const told = misbehaviour.partialNotifications && Array.isArray(due) ? due : nodes;
    const response = representation(managed, composite ? undefined : paths[0], told, contentFormat);
    if (response.code !== '2.05') {
      this.#end(key, observation, response);
      return;
    }
    observation.sequence = (observation.sequence + 1) % SEQUENCE;
    observation.sentAt = clock.monotonic();
    observation.due = undefined;
    remember(observation.memory, nodes);
    const asked = this.#attributes(observation).con === 1;
    const confirmable = asked || (confirmEvery > 0 && observation.sequence % confirmEvery === 0);
    this.#parts.notified(`/${request.path.join('/')}`, confirmable);
    if (!confirmable && random() < misbehaviour.loseNotifications) return;
    observation.underWay = confirmable;
    const wanted = () => this.#byToken.get(key) === observation;
    const manner = { confirmable, copies: misbehaviour.retransmit, wanted };
    notify(request, { ...response, observe: observation.sequence }, manner, (how) => {
      observation.underWay = false;
      if (this.#byToken.get(key) !== observation) return;
      if (how !== 'acknowledged') this.#byToken.delete(key);
      if (observation.due) this.look();
      else this.#plan();
    });
  }

  /** Ends an observation with an error, which is its last notification (RFC 7641 4.2). */
  #end(key: string, { request }: Observation, response: DeviceResponse): void {
    this.#byToken.delete(key);
    this.#parts.notify(request, response, { confirmable: true, copies: 0 }, () => {});
  }

  #exists({ composite, paths: [path] }: Observation, nodes: readonly Node[]): boolean {
    if (composite || path === undefined) return true;
    const target = find(this.#parts.managed.tree, path);
    return target !== undefined && (target.resource === undefined || nodes.length > 0);
  }

  #nodes({ paths }: Observation): Node[] {
    return nodesAtPaths(this.#parts.managed, paths);
  }

  /** Of a composite observation the strictest of its paths count. */
  #attributes({ paths }: Observation): Attributes {
    const { attributes } = this.#parts.managed;
    const [first, ...others] = paths.flatMap((path) => (path === undefined ? [] : [attributes.inForce(path)]));
    return others.reduce<Attributes>(
      (merged, { pmin, pmax, con }) => ({
        ...larger('pmin', merged.pmin, pmin),
        ...smaller('pmax', merged.pmax, pmax),
        ...larger('con', merged.con, con),
      }),
      first ?? {},
    );
  }

  /** Milliseconds; the defaults are those of object 1 (LwM2M 1.1 5.1.2). A pmax below pmin is none. */
  #periods(observation: Observation): { readonly pmin: number; readonly pmax: number } {
    const { pmin = this.#usual(MINIMUM_PERIOD), pmax = this.#usual(MAXIMUM_PERIOD) } = this.#attributes(observation);
    return { pmin: pmin * 1000, pmax: pmax <= 0 || pmax < pmin ? Number.POSITIVE_INFINITY : pmax * 1000 };
  }

  #usual(resourceId: number): number {
    const { tree } = this.#parts.managed;
    const [server] = tree.instances(1) ?? [];
    const resource = server?.definition.resources.find(({ id }) => id === resourceId);
    const value = server && resource && tree.read(server, resource);
    return typeof value === 'number' ? value : 0;
  }

  /** One timer for all: the next sample, or sooner where a notification waits for its time. */
  #plan(): void {
    this.#timer?.cancel();
    this.#timer = undefined;
    if (this.#byToken.size === 0 || this.#asleep) return;
    const { clock, sampleInterval } = this.#parts;
    let at = this.#sampledAt + sampleInterval;
    for (const observation of this.#byToken.values()) {
      if (observation.underWay) continue;
      const { pmin, pmax } = this.#periods(observation);
      at = Math.min(at, observation.sentAt + (observation.due ? pmin : pmax));
    }
    this.#timer = clock.timer(Math.max(1, at - clock.monotonic()), () => this.look());
  }
}

function tokenKey({ asker, token }: DeviceRequest): string {
  return `${asker.address} ${asker.port} ${token.toString('hex')}`;
}

function larger(name: 'pmin' | 'con', a: number | undefined, b: number | undefined): Attributes {
  return a === undefined && b === undefined ? {} : { [name]: Math.max(a ?? 0, b ?? 0) };
}

function smaller(name: 'pmax', a: number | undefined, b: number | undefined): Attributes {
  return a === undefined && b === undefined ? {} : { [name]: Math.min(a ?? b ?? 0, b ?? a ?? 0) };
}
