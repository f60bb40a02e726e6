import { type Logger, silentLogger } from '../../common/index.ts';
import { CseClient, CseError, type FilterCriteria, type ResourceMap, ResourceType } from '../../cse-client/index.ts';
import { type ConfigurationInput, parseConfiguration } from '../../ipe/configuration/index.ts';
import { Daemon, type Ready } from '../../ipe/daemon.ts';
import type { CseUnderTest } from './cse-under-test.ts';

/** Parts of a configuration, section by section. */
export type Overrides = { readonly [K in keyof ConfigurationInput]?: Partial<ConfigurationInput[K]> };

/** A started IPE and how to stop it. */
export interface RunningIpe {
  readonly ready: Ready;
  readonly port: number;
  stop(): Promise<void>;
}

/** Starts the whole IPE in this process, on free ports, against a CSE. */
export async function startIpe(
  cse: CseUnderTest,
  overrides: Overrides = {},
  logger: Logger = silentLogger,
): Promise<RunningIpe> {
  const { url, base, cseId, adminOriginator } = cse;
  const configuration = parseConfiguration({
    ...overrides,
    cse: { url, base, cseId, adminOriginator, timeout: '5s', ...overrides.cse },
    lwm2m: { coap: { host: '127.0.0.1', port: 0 }, ...overrides.lwm2m },
    http: { port: 0, ...overrides.http },
    store: { kind: 'memory', ...overrides.store },
  } as ConfigurationInput);
  const daemon = new Daemon(configuration, logger);
  const ready = await daemon.start();
  return { ready, port: ready.coap?.port ?? 0, stop: () => daemon.stop() };
}

/** What an IPE says of itself at `/health/ready`; `code`: of HTTP. */
export interface Health {
  readonly code: number;
  readonly status: string;
  readonly reasons: readonly string[];
  readonly missing?: readonly string[];
}

/** Asks an IPE whether it can serve. */
export async function health({ ready }: Pick<RunningIpe, 'ready'>): Promise<Health> {
  const answer = await fetch(`http://127.0.0.1:${ready.http.port}/health/ready`);
  return { code: answer.status, ...((await answer.json()) as Omit<Health, 'code'>) };
}

/** A oneM2M application with an AE of its own, which knows only the CSE. */
export class Application {
  readonly client: CseClient;
  readonly #cse: CseUnderTest;

  private constructor(client: CseClient, cse: CseUnderTest) {
    this.client = client;
    this.#cse = cse;
  }

  /** Registers the application; `originator` may be the administrator where only that one discovers. */
  static async start(cse: CseUnderTest, name = 'app'): Promise<Application> {
    const originator = `C${name}`;
    const client = new CseClient({ url: cse.url, originator, releaseVersion: '3', timeout: 5000, maxInFlight: 2 });
    await client.create(ResourceType.ae, cse.base, { rn: name, api: 'Napp', rr: false, srv: ['3'] });
    return new Application(client, cse);
  }

  /** Names of the resources that carry a label, as discovery finds them (TS-0001 10.2.6). */
  async find(label: string, filter: FilterCriteria = {}): Promise<string[]> {
    const originator = this.#cse.dialect === 'tinyiot' ? this.#cse.adminOriginator : undefined;
    const options = originator === undefined ? {} : { originator };
    const found = await this.client.discover(this.#cse.base, { fu: 1, lbl: [label], ...filter }, options);
    return found.map((address) => address.split('/').at(-1) ?? '').sort();
  }

  /** A resource below the CSEBase, or undefined where there is none. */
  async see<T extends keyof ResourceMap>(type: T, path: string): Promise<ResourceMap[T] | undefined> {
    try {
      return await this.client.retrieve(type, `${this.#cse.base}/${path}`);
    } catch (error) {
      if (error instanceof CseError && error.rsc === 4004) return undefined;
      throw error;
    }
  }

  /** The content of a container's latest contentInstance, below the CSEBase; undefined where there is none. */
  async latest(path: string): Promise<unknown> {
    return (await this.see(ResourceType.contentInstance, `${path}/la`))?.con;
  }

  /** Contents of a container's contentInstances, below the CSEBase, the oldest first. */
  async contents(path: string): Promise<unknown[]> {
    const children = await this.client.children(`${this.#cse.base}/${path}`, { ty: [ResourceType.contentInstance] });
    const found = await Promise.all(
      children.map(({ name }) => this.see(ResourceType.contentInstance, `${path}/${name}`)),
    );
    return found.sort((a, b) => (a?.ct ?? '').localeCompare(b?.ct ?? '')).map((one) => one?.con);
  }

  async stop(): Promise<void> {
    await this.client.close();
  }
}

/**
 * Waits until a condition holds, asking again and again; fails after `limit` milliseconds. ACME answers 5000 to a RETRIEVE
 * of `la` that meets a CREATE: what may succeed later is asked again too.
 */
export async function eventually<T>(ask: () => Promise<T>, holds: (value: T) => boolean, limit = 15_000): Promise<T> {
  const end = performance.now() + limit;
  for (;;) {
    let value: T;
    try {
      value = await ask();
    } catch (error) {
      if (!(error instanceof CseError && error.retryable) || performance.now() > end) throw error;
      await new Promise((resolve) => setTimeout(resolve, 25));
      continue;
    }
    if (holds(value)) return value;
    if (performance.now() > end) throw new Error(`still ${JSON.stringify(value)} after ${limit} ms`);
    await new Promise((resolve) => setTimeout(resolve, 25));
  }
}
