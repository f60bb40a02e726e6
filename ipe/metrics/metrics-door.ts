import type { FastifyInstance } from 'fastify';
import type { Metrics } from './metrics.ts';

/** Serves `GET /metrics` with what the metrics tell. */
export function addMetricsDoor(routes: FastifyInstance, metrics: Pick<Metrics, 'text' | 'contentType'>): void {
  routes.get('/metrics', async (_request, reply) => {
    const text = await metrics.text();
    return reply.header('content-type', metrics.contentType).header('cache-control', 'no-store').send(text);
  });
}
