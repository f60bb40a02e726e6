import { CseClient, CseError, ResourceType } from '../../../cse-client/index.ts';

/** A resource as the application has found and read it. */
export interface SeenResource {
  /** CSE-relative, structured: `cse-in/name/3_0`. */
  readonly path: string;
  readonly type: number;
  readonly labels: readonly string[];
  /** expirationTime, `YYYYMMDDThhmmss`. */
  readonly expires: string | undefined;
  /** Content of the newest contentInstance, of a container that holds a value. */
  readonly value?: string;
}

/** A state that a command has reached, as `responses` tells it. */
export interface CommandState {
  readonly state: string;
  readonly code?: string;
  readonly reason?: string;
}

/** On each container of a resource of a device. */
const RESOURCE_LABEL = /^LWM2MURI:\/\d+\/\d+\/\d/;

/** True for a container of a resource, which may hold a value, not of an object or object instance. */
export function holdsValue({ type, labels }: Pick<SeenResource, 'type' | 'labels'>): boolean {
  return type === ResourceType.container && labels.some((label) => RESOURCE_LABEL.test(label));
}

/** The label by which the application finds what comes from LwM2M. */
export const SEARCHED_LABEL = 'Iwked-Technology:LWM2M';
/** The application's own AE-ID. */
export const APPLICATION = 'Cdemo-app';

/** The order in which states follow each other; others are final. */
const ORDER: readonly string[] = ['queued', 'sent', 'done', 'failed', 'expired'];

const TYPES = [ResourceType.ae, ResourceType.container, ResourceType.node] as const;

/** A oneM2M application: it knows the CSE only and has never heard of LwM2M. */
export class DemoApplication {
  readonly #client: CseClient;
  readonly #base: string;

  private constructor(client: CseClient, base: string) {
    this.#client = client;
    this.#base = base;
  }

  /** Registers the application's AE at the CSE. */
  static async register(url: string, base: string): Promise<DemoApplication> {
    const client = new CseClient({ url, originator: APPLICATION, releaseVersion: '3', timeout: 5_000, maxInFlight: 4 });
    const name = APPLICATION.slice(1);
    await client.create(ResourceType.ae, base, { rn: name, api: 'Ndemo-app', rr: false, srv: ['2a', '3'] });
    return new DemoApplication(client, base);
  }

  /** Discovers by label, then reads each resource it was told of. */
  async look(): Promise<readonly SeenResource[]> {
    const found = await Promise.all(
      TYPES.map(async (type) => {
        const paths = await this.#client.discover(this.#base, { lbl: [SEARCHED_LABEL], ty: [type] });
        return Promise.all(paths.map((path) => this.#read(type, path)));
      }),
    );
    return found.flat().filter((resource) => resource !== undefined);
  }

  /** Puts a command into `requests` of a device's AE. */
  async command(ae: string, request: Readonly<Record<string, unknown>>): Promise<void> {
    await this.#client.create(ResourceType.contentInstance, `${ae}/requests`, { con: request });
  }

  /** The states that a command has reached, in their order. */
  async commandStates(ae: string, id: string): Promise<readonly CommandState[]> {
    const types = [ResourceType.contentInstance];
    const paths = await this.#client.discover(`${ae}/responses`, { lbl: [`LWM2MREQ:${id}`], ty: types });
    const instances = await Promise.all(paths.map((path) => this.#client.retrieve(ResourceType.contentInstance, path)));
    const states = instances.map(({ con }) => con as CommandState);
    return states.sort((one, other) => ORDER.indexOf(one.state) - ORDER.indexOf(other.state));
  }

  close(): Promise<void> {
    return this.#client.close();
  }

  async #latest(path: string): Promise<{ value: string } | undefined> {
    try {
      const { con } = await this.#client.retrieve(ResourceType.contentInstance, `${path}/la`);
      return { value: typeof con === 'string' ? con : JSON.stringify(con) };
    } catch (error) {
      if (error instanceof CseError && error.rsc !== undefined) return undefined;
      throw error;
    }
  }

  async #read(type: (typeof TYPES)[number], path: string): Promise<SeenResource | undefined> {
    try {
      const { lbl = [], et } = await this.#client.retrieve(type, path);
      const seen = { path, type, labels: lbl, expires: et };
      return holdsValue(seen) ? { ...seen, ...(await this.#latest(path)) } : seen;
    } catch (error) {
      // Between discovery and reading a device may have left.
      if (error instanceof CseError && error.rsc !== undefined) return undefined;
      throw error;
    }
  }
}
