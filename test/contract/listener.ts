import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';

/** A notification as it arrived. */
export interface Arrival {
  readonly path: string;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  // biome-ignore lint/suspicious/noExplicitAny: notifications are looked into member by member
  readonly body: any;
}

/** How a listener answers; without it, with 2000. `before` is done before it does. */
export type Reply = (
  arrival: Arrival,
) => { status?: number; rsc?: number; silent?: boolean; drop?: boolean; before?: () => Promise<unknown> } | undefined;

/** Takes notifications over HTTP on a port of the loopback. */
export class Listener {
  readonly arrivals: Arrival[] = [];
  readonly #server: Server;
  readonly #waiting = new Set<() => void>();
  reply: Reply = () => undefined;

  private constructor(server: Server) {
    this.#server = server;
  }

  static async start(): Promise<Listener> {
    const server = createServer();
    const listener = new Listener(server);
    server.on('request', (request, response) => {
      const chunks: Buffer[] = [];
      request.on('data', (chunk: Buffer) => chunks.push(chunk));
      request.on('end', async () => {
        const text = Buffer.concat(chunks).toString();
        const arrival = {
          path: request.url ?? '',
          headers: request.headers,
          body: text === '' ? undefined : JSON.parse(text),
        };
        listener.arrivals.push(arrival);
        for (const wake of listener.#waiting) wake();
        const { status = 200, rsc = 2000, silent, drop, before } = listener.reply(arrival) ?? {};
        await before?.();
        if (silent === true) return;
        if (drop === true) request.socket.destroy();
        else {
          response.writeHead(status, { 'X-M2M-RSC': String(rsc), 'X-M2M-RI': String(request.headers['x-m2m-ri']) });
          response.end();
        }
      });
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    return listener;
  }

  get url(): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  /** The notifications without the verification requests. */
  // biome-ignore lint/suspicious/noExplicitAny: see Arrival
  get notifications(): any[] {
    return this.arrivals.map(({ body }) => body?.['m2m:sgn']).filter((sgn) => sgn !== undefined && sgn.vrq !== true);
  }

  /** Waits until `holds`, looking at each arrival; rejects after fifteen seconds. */
  async until(holds: () => boolean): Promise<void> {
    if (holds()) return;
    await new Promise<void>((resolve, reject) => {
      const timer = setTimeout(() => {
        this.#waiting.delete(wake);
        reject(new Error(`nothing arrived; so far: ${JSON.stringify(this.arrivals.map((arrival) => arrival.body))}`));
      }, 15_000);
      const wake = () => {
        if (!holds()) return;
        clearTimeout(timer);
        this.#waiting.delete(wake);
        resolve();
      };
      this.#waiting.add(wake);
    });
  }

  clear(): void {
    this.arrivals.length = 0;
    this.reply = () => undefined;
  }

  async stop(): Promise<void> {
    this.#server.closeAllConnections();
    await new Promise((resolve) => this.#server.close(resolve));
  }
}
