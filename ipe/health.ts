import type { AddressInfo } from 'node:net';
import { type FastifyInstance, fastify } from 'fastify';
import { errorMessage, type Logger } from '../common/index.ts';
import { listenError } from './listen-error.ts';

/** Whether the IPE can do its work now, and if not, why. */
export interface Readiness {
  readonly ready: boolean;
  readonly reasons: readonly string[];
  /** What is not as it should be, though it works. */
  readonly degraded?: readonly string[];
}

/** Where the HTTP door opens and what it asks before it answers. */
export interface HealthServerOptions {
  readonly host: string;
  /** 0 takes any free port. */
  readonly port: number;
  readonly logger: Logger;
  readonly ready: () => Readiness;
}

const MAX_BODY_BYTES = 1_048_576;
const REQUEST_TIMEOUT_MS = 10_000;

/**
 * The HTTP door of the IPE: `GET /health/live` answers while the process works, `GET /health/ready` tells with 200 or
 * 503 whether it can serve. More routes may be added through `routes` until it is started.
 */
export class HealthServer {
  /** For further routes (notifications, metrics); only before `start`. */
  readonly routes: FastifyInstance;
  readonly #options: HealthServerOptions;

  constructor(options: HealthServerOptions) {
    this.#options = options;
    this.routes = fastify({
      logger: false,
      bodyLimit: MAX_BODY_BYTES,
      requestTimeout: REQUEST_TIMEOUT_MS,
      forceCloseConnections: 'idle',
      return503OnClosing: true,
    });
    this.#answerErrors();
    this.#addHealth();
  }

  /** Listens; IpeError `http/port-in-use` or `http/address` when that cannot be. */
  async start(): Promise<{ address: string; port: number }> {
    const { host, port } = this.#options;
    try {
      await this.routes.listen({ host, port });
    } catch (error) {
      throw listenError('http', 'health server', host, port, error);
    }
    const bound = this.routes.server.address() as AddressInfo;
    return { address: bound.address, port: bound.port };
  }

  /** Takes no more requests, lets those in flight finish, closes; may be called at any time, also twice. */
  async stop(): Promise<void> {
    await this.routes.close();
  }

  #addHealth(): void {
    this.routes.get('/health/live', async (_request, reply) => {
      return reply.header('cache-control', 'no-store').send({ status: 'live' });
    });
    this.routes.get('/health/ready', async (_request, reply) => {
      const { ready, reasons, degraded = [] } = this.#options.ready();
      const status = degraded.length > 0 ? 'degraded' : 'ready';
      const body = { status: ready ? status : 'not ready', reasons: [...reasons, ...degraded] };
      return reply
        .code(ready ? 200 : 503)
        .header('cache-control', 'no-store')
        .send(body);
    });
  }

  // Callers learn the kind of the failure, the log its text.
  #answerErrors(): void {
    this.routes.setNotFoundHandler(async (_request, reply) => reply.code(404).send({ error: 'not found' }));
    this.routes.setErrorHandler(async (error: Error & { statusCode?: number }, request, reply) => {
      const status = error.statusCode ?? 500;
      if (status >= 500) {
        this.#options.logger.error('request failed', { path: request.url, error: errorMessage(error) });
      }
      return reply.code(status).send({ error: status >= 500 ? 'internal error' : errorMessage(error) });
    });
  }
}
