import { type Clock, systemClock } from '../../../common/index.ts';
import { peerAt } from '../../../lwm2m/coap/peers.ts';
import {
  type BootstrapClient,
  type BootstrapHandler,
  type BootstrapPlan,
  type BootstrapResult,
  BootstrapServer,
  type BootstrapServerOptions,
  CoapEndpoint,
  type CoapRequest,
  type CoapResponse,
  type Peer,
  type PlannedInstance,
  type TransmissionParameters,
} from '../../../lwm2m/index.ts';
/** What a client answers a request; undefined: nothing, ever. */
export type Script = (asked: string, request: CoapRequest) => CoapResponse | undefined;

const NEVER = new Promise<CoapResponse>(() => {});

/** A LwM2M client in bootstrap, on a socket of its own, that answers by a script and remembers what it was asked. */
export class Client {
  /** `METHOD /path`, in the order asked. */
  readonly asked: string[] = [];
  readonly requests: CoapRequest[] = [];
  readonly #endpoint: CoapEndpoint;
  readonly #server: Peer;
  readonly #watchers = new Set<() => void>();

  private constructor(port: number, script: Script, parameters: Partial<TransmissionParameters>) {
    this.#server = peerAt('127.0.0.1', port);
    this.#endpoint = new CoapEndpoint({ host: '127.0.0.1', port: 0, parameters }, (request) => {
      const asked = `${request.method} /${request.path.join('/')}`;
      this.asked.push(asked);
      this.requests.push(request);
      for (const watcher of [...this.#watchers]) watcher();
      return script(asked, request) ?? NEVER;
    });
  }

  static async at(
    port: number,
    script: Script = willing(),
    parameters: Partial<TransmissionParameters> = {},
  ): Promise<Client> {
    const client = new Client(port, script, parameters);
    await client.#endpoint.listen();
    return client;
  }

  /** Bootstrap-Request with this query. */
  async request(...query: string[]): Promise<{ code: string; text: string; maxAge: number | undefined }> {
    const { code, payload, maxAge } = await this.#endpoint.request(this.#server, {
      method: 'POST',
      path: ['bs'],
      query,
    });
    return { code, text: payload.toString(), maxAge };
  }

  /** Bootstrap-Pack-Request. */
  pack(accept: number | undefined, ...query: string[]) {
    const wanted = accept === undefined ? {} : { accept };
    return this.#endpoint.request(this.#server, { method: 'GET', path: ['bspack'], query, ...wanted });
  }

  /** Resolves when it was asked this. */
  async wasAsked(what: string): Promise<void> {
    while (!this.asked.includes(what)) {
      await new Promise<void>((resolve) => {
        const watcher = () => {
          this.#watchers.delete(watcher);
          resolve();
        };
        this.#watchers.add(watcher);
      });
    }
  }

  close(): Promise<void> {
    return this.#endpoint.close(0);
  }
}

/** Does all it is asked; `links` is what Bootstrap-Discover tells, `answers` what it does otherwise. */
export function willing(
  links = '</>;lwm2m=1.1,</0/0>',
  answers: Readonly<Record<string, CoapResponse | 'nothing'>> = {},
): Script {
  return (asked) => {
    const other = answers[asked];
    if (other !== undefined) return other === 'nothing' ? undefined : other;
    if (asked === 'GET /') return { code: '2.05', contentFormat: 40, payload: links };
    if (asked.startsWith('DELETE')) return { code: '2.02' };
    return { code: '2.04' };
  };
}

/** A server account without security. */
export function account(shortServerId: number, more: Partial<PlannedInstance> = {}): PlannedInstance[] {
  return [
    {
      objectId: 0,
      shortServerId,
      resources: [
        { resourceId: 0, value: `coap://192.0.2.${shortServerId}` },
        { resourceId: 1, value: false },
        { resourceId: 2, value: 3 },
        { resourceId: 10, value: shortServerId },
      ],
      ...more,
    },
    {
      objectId: 1,
      shortServerId,
      resources: [
        { resourceId: 0, value: shortServerId },
        { resourceId: 1, value: 300 },
        { resourceId: 7, value: 'UQ', until: '1.0' },
        { resourceId: 7, value: 'U', since: '1.1' },
      ],
    },
  ];
}

/** Everything goes, and one account comes. */
export const ONE_ACCOUNT: BootstrapPlan = { deletes: ['/'], instances: account(1) };

/** A Bootstrap-Server and what its handler was told. */
export class World implements BootstrapHandler {
  readonly provided: BootstrapClient[] = [];
  readonly results: { readonly endpoint: string; readonly result: BootstrapResult }[] = [];
  plan: BootstrapHandler['provide'] = async () => ONE_ACCOUNT;
  server!: BootstrapServer;
  port = 0;
  readonly #clients: Client[] = [];
  readonly #watchers = new Set<() => void>();

  static async start(options: Partial<BootstrapServerOptions> = {}, clock: Clock = systemClock): Promise<World> {
    const world = new World();
    world.server = new BootstrapServer(
      { coap: { host: '127.0.0.1', port: 0 }, clock, random: () => 0, ...options },
      world,
    );
    world.port = (await world.server.start()).coap?.port ?? 0;
    return world;
  }

  provide(client: BootstrapClient) {
    this.provided.push(client);
    return this.plan(client);
  }

  concluded({ endpoint }: BootstrapClient, result: BootstrapResult): void {
    this.results.push({ endpoint, result });
    for (const watcher of [...this.#watchers]) watcher();
  }

  async client(script?: Script): Promise<Client> {
    const client = await Client.at(this.port, script);
    this.#clients.push(client);
    return client;
  }

  /** The results of the first `count` sessions that ended. */
  async ended(count = 1): Promise<readonly BootstrapResult[]> {
    while (this.results.length < count) {
      await new Promise<void>((resolve) => {
        const watcher = () => {
          this.#watchers.delete(watcher);
          resolve();
        };
        this.#watchers.add(watcher);
      });
    }
    return this.results.map(({ result }) => result);
  }

  async stop(): Promise<void> {
    await this.server.stop(0);
    await Promise.all(this.#clients.map((client) => client.close()));
  }
}
