import { fastify } from 'fastify';
import { type Clock, silentLogger, systemClock } from '../../../common/index.ts';
import { CseClient, DIALECTS, ResourceType } from '../../../cse-client/index.ts';
import { accessControlPolicy } from '../../../ipe/cse/access.ts';
import { addNotificationDoor } from '../../../ipe/notifications/notification-door.ts';
import { Notifications } from '../../../ipe/notifications/notifications.ts';
import { Subscriptions } from '../../../ipe/subscriptions/subscriptions.ts';
import type { Registration } from '../../../lwm2m/index.ts';
import { type NotificationWish, pathKey, pathOfValueContainer } from '../../../mappings/index.ts';
import type { CseUnderTest } from '../../support/cse-under-test.ts';

const ORIGINATOR = 'Cipe';

/** What looks after subscriptions, on a CSE on which one device has containers, with a real door for its notifications. */
export class Bench {
  readonly cse: CseUnderTest;
  readonly client: CseClient;
  readonly notifications: Notifications;
  /** Wishes as they stand, by path. */
  readonly wishes: Record<string, NotificationWish> = {};
  readonly warnings: string[] = [];
  subscriptions!: Subscriptions;
  acp = '';
  url = '';
  /** Notifications do not reach the IPE. */
  deaf = false;
  #away: string | undefined;
  readonly #door = fastify({ forceCloseConnections: true });
  readonly #pollInterval: number;
  readonly #administrator: string | undefined;

  private constructor(cse: CseUnderTest, pollInterval: number, administrator: string | undefined) {
    this.cse = cse;
    this.#administrator = administrator;
    this.#pollInterval = pollInterval;
    this.client = new CseClient({
      url: cse.url,
      originator: ORIGINATOR,
      releaseVersion: '3',
      timeout: 3000,
      maxInFlight: 4,
      dialect: DIALECTS[cse.dialect],
    });
    this.notifications = new Notifications(
      { originator: ORIGINATOR, answerTime: 1000, maxWaiting: 10 },
      systemClock,
      silentLogger,
    );
    const listener = {
      receive: async (request: Parameters<Notifications['receive']>[0]) =>
        this.deaf ? { status: 503, headers: {}, body: undefined } : this.notifications.receive(request),
      stray: () => this.notifications.stray(),
    };
    addNotificationDoor(this.#door, listener, { secret: 'secret', bodyBytes: 1_048_576 });
  }

  /** `administrator`: as whom subscriptions are looked for that nobody else may read. */
  static async start(cse: CseUnderTest, pollInterval = 1_000_000, administrator?: string): Promise<Bench> {
    const bench = new Bench(cse, pollInterval, administrator);
    bench.url = await bench.#door.listen({ host: '127.0.0.1', port: 0 });
    const { client } = bench;
    await client.create(ResourceType.ae, cse.base, {
      rn: 'ipe',
      api: 'Nipe',
      rr: true,
      srv: ['3'],
      poa: [`${bench.url}/secret`],
    });
    const narrowed = client.dialect.accessControlObjectDetails;
    const privileges = { discover: [], read: ['all'], subscribe: ['all'], command: [], administer: [] };
    const policy = accessControlPolicy({ originator: ORIGINATOR, privileges }, narrowed);
    bench.acp = (await client.create(ResourceType.acp, cse.base, { rn: 'acp-ipe', ...policy })).ri;
    bench.run();
    return bench;
  }

  /** Starts what looks after subscriptions, as after a restart. */
  run(clock: Clock = systemClock): void {
    for (const path of Object.keys(this.wishes)) delete this.wishes[path];
    const settings = {
      base: this.cse.base,
      originator: ORIGINATOR,
      adminOriginator: this.#administrator,
      resourceName: 'ipe',
    };
    const bench = this;
    this.subscriptions = new Subscriptions(
      { ...settings, pollInterval: this.#pollInterval },
      {
        client: this.client,
        cse: () => ({
          cseBase: { ri: 'x', csi: this.cse.cseId },
          dialect: DIALECTS[this.cse.dialect],
          nodeCreation: 'none',
          accessControlPolicy: this.acp,
          degraded: [],
        }),
        availability: {
          get away() {
            return bench.#away;
          },
          failed: () => undefined,
        },
        notifications: this.notifications,
        values: {
          observesOnSubscription: (_endpoint, objectId) => objectId !== 3,
          observeWish: (_endpoint, path, wish) => {
            if (wish === undefined) delete this.wishes[pathKey(path)];
            else this.wishes[pathKey(path)] = wish;
          },
        },
        clock,
        logger: {
          ...silentLogger,
          warn: (message, fields) => void this.warnings.push(`${message} ${JSON.stringify(fields)}`),
        },
      },
    );
  }

  /** The CSE is not to be asked, or again. */
  set away(reason: string | undefined) {
    this.#away = reason;
    if (reason === undefined) this.subscriptions.resume();
  }

  /** Tells of a device with its tree, as the bridge does. */
  follow(endpoint = 'dev', version = '1.1'): void {
    const registration = { id: 'r1', endpoint, version } as unknown as Registration;
    const tree = { names: { resourceName: endpoint } } as unknown as Parameters<Subscriptions['follow']>[1];
    this.subscriptions.follow(registration, tree);
  }

  /** Makes the AE of a device and containers in it. */
  async make(containers: readonly string[], endpoint = 'dev'): Promise<void> {
    const { base } = this.cse;
    const acpi = [this.acp];
    await this.client.create(
      ResourceType.ae,
      base,
      { rn: endpoint, api: 'Ndev', rr: false, srv: ['3'], acpi },
      { originator: `C${endpoint}` },
    );
    for (const container of containers) {
      const names = container.split('/');
      const parent = [base, endpoint, ...names.slice(0, -1)].join('/');
      await this.client.create(ResourceType.container, parent, { rn: names.at(-1) as string, acpi });
    }
  }

  /** Tells of a container, as values do. */
  made(container: string, existing = false, endpoint = 'dev'): void {
    const path = pathOfValueContainer(container);
    if (path !== undefined) this.subscriptions.made(endpoint, path, container, existing);
  }

  async stop(): Promise<void> {
    await this.subscriptions.stop();
    await this.#door.close();
    await this.client.close();
    await this.cse.stop();
  }
}
