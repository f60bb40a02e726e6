import { type Logger, silentLogger, systemClock } from '../../../common/index.ts';
import { CseClient, DIALECTS, type DialectName, formatTimestamp, ResourceType } from '../../../cse-client/index.ts';
import { EmbeddedCse } from '../../../embedded-cse/index.ts';
import type { EndpointTree } from '../../../ipe/bridge/endpoint-tree.ts';
import type { ValueSettings } from '../../../ipe/values/parts.ts';
import { Values } from '../../../ipe/values/values.ts';
import {
  decodeObjectLinks,
  type Node,
  type ObjectLinks,
  ObjectModels,
  type Operation,
  type Outcome,
  type Path,
  type Registration,
} from '../../../lwm2m/index.ts';
import { eventually } from '../../support/ipe.ts';
import { aRegistration } from '../../support/registration.ts';

const { acp, ae, container, contentInstance } = ResourceType;
const HOUR = 3_600_000;

export const SETTINGS: ValueSettings = {
  policy: { mode: 'semantic', observe: 'always', rules: [] },
  maxInstances: 10,
  storeUnchanged: true,
  discover: false,
  readers: 4,
  maxInFlight: 2,
  queue: { values: 100, bytes: 100_000, totalBytes: 1_000_000, age: 3_600_000 },
  farewell: 1_000,
  observeCheck: 'off',
  base: 'cse-in',
  labels: { lwm2m: true, interworking: true, extra: [] },
};

/** Object links of a Register payload. */
export function links(text: string): ObjectLinks {
  return decodeObjectLinks(Buffer.from(text));
}

export const TEMPERATURE = { objectId: 3303, instanceId: 0 } as const;
export const temperature = (value: number): Node => ({ path: { ...TEMPERATURE, resourceId: 5700 }, value });
export const answered = (...nodes: Node[]): Outcome => ({ kind: 'success', code: '2.05', nodes });

/** Values on an embedded CSE that has the AE `device` with the container `3303_0`, before a device that is a function. */
export class ValuesWorld {
  readonly cse: EmbeddedCse;
  readonly client: CseClient;
  readonly values: Values;
  readonly registration: Registration;
  readonly tree: EndpointTree;
  /** Resource ID of a policy that lets everyone do everything. */
  readonly policy: string;
  /** Everything that the device was asked, in order. */
  readonly asked: Operation[] = [];
  /** Warnings and errors. */
  readonly told: string[] = [];
  /** Told of containers: `made 3303_0/5700 false`, `gone 3303_0`, `gone`. */
  readonly containers: string[] = [];
  /** What the device does; `signal` of whoever asks. */
  answer: (operation: Operation, signal: AbortSignal) => Outcome | Promise<Outcome> = () => answered(temperature(20));
  readonly ae = 'cse-in/device';
  /** What the server observes, and when it heard of it. */
  observed: ReturnType<ConstructorParameters<typeof Values>[1]['observed']> = [];
  /** Milliseconds by which the monotonic clock is ahead. */
  ahead = 0;

  private constructor(
    cse: EmbeddedCse,
    client: CseClient,
    dialect: DialectName,
    policy: string,
    settings: ValueSettings,
  ) {
    this.cse = cse;
    this.client = client;
    this.policy = policy;
    const warn = (message: string) => void this.told.push(message);
    const logger: Logger = { ...silentLogger, warn, error: warn };
    this.values = new Values(settings, {
      client,
      cse: () => ({
        cseBase: undefined,
        dialect: DIALECTS[dialect],
        nodeCreation: 'none',
        accessControlPolicy: policy,
        degraded: [],
      }),
      availability: { away: undefined, failed: () => {} },
      presence: { generation: 1, restore: () => Promise.resolve(false) },
      models: () => ObjectModels.official(),
      perform: async (_endpoint, operation, { signal }) => {
        this.asked.push(operation);
        return this.answer(operation, signal);
      },
      observed: () => this.observed,
      encode: () => ({ format: 110, payload: Buffer.from('[]') }),
      clock: {
        ...systemClock,
        wall: () => systemClock.wall(),
        monotonic: () => systemClock.monotonic() + this.ahead,
        timer: (delay, action) => systemClock.timer(delay, action),
      },
      logger,
      random: Math.random,
    });
    this.values.onContainer({
      made: (_endpoint, _path, name, existing) => this.containers.push(`made ${name} ${existing}`),
      gone: (_endpoint, name) => this.containers.push(name === undefined ? 'gone' : `gone ${name}`),
    });
    const objectLinks = links('</3303/0>');
    this.registration = aRegistration({ id: 'r1', objectLinks });
    this.tree = {
      endpoint: 'device',
      names: { resourceName: 'device', aeId: 'Cdevice', nodeName: 'node-device' },
      version: '1.1',
      objectLinks,
      nodeId: undefined,
      expiresAt: Date.now() + HOUR,
      incarnation: 1,
      lasting: new Set(),
    };
  }

  static async start(changes: Partial<ValueSettings> = {}, dialect: DialectName = 'acme'): Promise<ValuesWorld> {
    const cse = new EmbeddedCse({
      host: '127.0.0.1',
      port: 0,
      dialect,
      cseId: '/id-in',
      cseBase: 'cse-in',
      adminOriginator: 'CAdmin',
    });
    const { url } = await cse.start();
    const client = new CseClient({
      url,
      originator: 'CAdmin',
      releaseVersion: '3',
      timeout: 2000,
      maxInFlight: 8,
      dialect: DIALECTS[dialect],
    });
    const rule = { acor: ['all'], acop: 63 };
    const policy = await client.create(acp, 'cse-in', { rn: 'acp', pv: { acr: [rule] }, pvs: { acr: [rule] } });
    const world = new ValuesWorld(cse, client, dialect, policy.ri, { ...SETTINGS, ...changes });
    const et = formatTimestamp(world.tree.expiresAt, DIALECTS[dialect]);
    const device = { rn: 'device', api: 'Nx', rr: false, srv: ['3'], acpi: [policy.ri], et };
    await client.create(ae, 'cse-in', device, { originator: 'Cdevice' });
    await client.create(container, world.ae, { rn: '3303_0', acpi: [policy.ri] });
    return world;
  }

  async stop(): Promise<void> {
    await this.values.stop();
    await this.client.close();
    await this.cse.stop();
  }

  /** Content of the latest contentInstance; undefined: there is none. */
  async latest(path: string): Promise<unknown> {
    try {
      return (await this.client.retrieve(contentInstance, `${this.ae}/${path}/la`)).con;
    } catch {
      return undefined;
    }
  }

  holds(path: string, value: unknown): Promise<unknown> {
    return eventually(
      () => this.latest(path),
      (found) => found === value,
    );
  }

  /** Waits until the device has been asked so many times. */
  askedTimes(times: number): Promise<number> {
    return eventually(
      async () => this.asked.length,
      (count) => count >= times,
    );
  }

  /** A notification, of `/3303/0` unless another path is named. */
  report(nodes: readonly Node[], path: Path | undefined = TEMPERATURE): void {
    this.values.report({
      registration: this.registration,
      source: 'notify',
      nodes,
      path,
      content: { format: 110, payload: Buffer.from('[]') },
      receivedAt: Date.now(),
    });
  }

  /** As an application would: writes a value of its own into a container. */
  async putAsApplication(path: string, con: unknown): Promise<void> {
    await this.client.create(contentInstance, `${this.ae}/${path}`, { con });
  }
}
