import { type Answer, Lwm2mServer, type Lwm2mServerOptions, type Registration } from '../../lwm2m/index.ts';
import type { ServerAddress } from '../../simulator/index.ts';
import { Mailbox } from './mailbox.ts';

/** What the LwM2M server told its handler. */
export interface Recorded {
  readonly type: 'register' | 'update' | 'deregister' | 'expire';
  readonly registration: Registration;
  readonly previous?: Registration | undefined;
}

/** The project's LwM2M server with a handler that remembers what it is told and answers what the test wants. */
export class RecordingServer {
  readonly lwm2m: Lwm2mServer;
  /** What the next Registers and Updates are answered; accepted while it is empty. */
  readonly answers: Answer[] = [];
  readonly events = new Mailbox<Recorded>();
  #address: ServerAddress = { host: '127.0.0.1', port: 0 };

  private constructor(options: Partial<Lwm2mServerOptions>) {
    const lifetime = { min: 1, max: 86_400, default: 86_400 };
    const coap = { host: '127.0.0.1', port: 0 };
    this.lwm2m = new Lwm2mServer(
      { lifetime, coap, ...options },
      {
        register: (registration, previous) => this.#record({ type: 'register', registration, previous }),
        update: (registration, previous) => this.#record({ type: 'update', registration, previous }),
        deregister: (registration) => void this.events.put({ type: 'deregister', registration }),
        expire: (registration) => this.events.put({ type: 'expire', registration }),
      },
    );
  }

  static async start(options: Partial<Lwm2mServerOptions> = {}): Promise<RecordingServer> {
    const server = new RecordingServer(options);
    const { port } = await server.lwm2m.start();
    server.#address = { host: options.coap?.host ?? '127.0.0.1', port };
    return server;
  }

  get server(): ServerAddress {
    return this.#address;
  }

  /** As a `coap` URI. */
  get uri(): string {
    const { host, port } = this.#address;
    return `coap://${host.includes(':') ? `[${host}]` : host}:${port}`;
  }

  /** The next thing that the handler was told, whatever it is. */
  next(): Promise<Recorded> {
    return this.events.next();
  }

  async stop(): Promise<void> {
    await this.lwm2m.stop(100);
  }

  #record(event: Recorded): Answer {
    this.events.put(event);
    return this.answers.shift();
  }
}

/** The paths of a registration's object links, e.g. `['1/0', '5']`. */
export function paths({ objectLinks }: Registration): string[] {
  return objectLinks.links.map(({ objectId, instanceId }) =>
    instanceId === undefined ? String(objectId) : `${objectId}/${instanceId}`,
  );
}
