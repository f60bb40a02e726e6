import type { AddressInfo } from 'node:net';
import { type FastifyInstance, type FastifyReply, fastify } from 'fastify';
import { errorMessage, type Logger } from '../common/index.ts';
import type { HttpTls } from './http-security.ts';
import { listenError } from './listen-error.ts';

/** Whether the IPE can do its work now, and if not, why. */
export interface Readiness {
  readonly ready: boolean;
  readonly reasons: readonly string[];
  /** What is not as it should be, though it works. */
  readonly degraded?: readonly string[];
  /** What the CSE cannot do, so that applications miss it; nothing here can change that. */
  readonly missing?: readonly string[];
}

/** Where the HTTP door opens and what it asks before it answers. */
export interface HealthServerOptions {
  readonly host: string;
  /** 0 takes any free port. */
  readonly port: number;
  /** Speaks HTTPS alone; absent: HTTP. */
  readonly tls?: HttpTls | undefined;
  readonly logger: Logger;
  readonly ready: () => Readiness;
}

/** Bodies of requests to routes that set no limit of their own: none of them reads one. */
const MAX_BODY_BYTES = 1_024;
const MAX_HEADER_BYTES = 16_384;
const REQUEST_TIMEOUT_MS = 10_000;
/** A CSE opens one for each notification, or a few that it keeps. */
const MAX_CONNECTIONS = 1_000;
/** What callers learn of a request that was refused: nothing of what they sent. */
const REASONS: Readonly<Record<number, string>> = {
  400: 'bad request',
  404: 'not found',
  408: 'request timeout',
  413: 'too large',
  414: 'path too long',
  415: 'unsupported media type',
  431: 'too many header fields',
  503: 'stopping',
};

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
    const { tls } = options;
    const common = { maxHeaderSize: MAX_HEADER_BYTES };
    const secure = tls && { ...common, cert: tls.certificate, key: tls.privateKey, minVersion: 'TLSv1.2' as const };
    this.routes = fastify({
      logger: false,
      ...(secure === undefined ? { http: common } : { https: secure }),
      bodyLimit: MAX_BODY_BYTES,
      requestTimeout: REQUEST_TIMEOUT_MS,
      forceCloseConnections: 'idle',
      return503OnClosing: true,
      frameworkErrors: (_error: unknown, _request: unknown, reply: unknown) =>
        void (reply as FastifyReply).code(400).send({ error: REASONS[400] }),
    }) as unknown as FastifyInstance;
    this.routes.server.maxConnections = MAX_CONNECTIONS;
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
      const { ready, reasons, degraded = [], missing = [] } = this.#options.ready();
      const status = degraded.length > 0 ? 'degraded' : 'ready';
      const body = {
        status: ready ? status : 'not ready',
        reasons: [...reasons, ...degraded],
        ...(missing.length > 0 && { missing }),
      };
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
        const path = request.routeOptions.url;
        this.#options.logger.error('request failed', { path, error: errorMessage(error) });
      }
      const reason = REASONS[status] ?? (status >= 500 ? 'internal error' : 'bad request');
      return reply.code(status).send({ error: reason });
    });
  }
}
