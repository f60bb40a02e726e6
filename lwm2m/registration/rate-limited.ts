import type { RateLimiter } from '../coap/rate-limit.ts';
import type { Route, RouteAction } from './routes.ts';

/** What has been turned away. Only ever counts up. */
export interface RateLimitCounters {
  /** Register requests refused or ignored because their source, or all together, sent too many a second. */
  registrations: number;
}

/**
 * Limits how many a second may register: `POST /rd` beyond it is answered 4.29 or 5.03 with Max-Age, and nothing is read of
 * it. Updates go on: a device that is known costs little, and must not be lost.
 */
export function rateLimitedRoutes(
  routes: readonly Route[],
  limiter: RateLimiter,
  now: () => number,
  counters: RateLimitCounters,
): readonly Route[] {
  return routes.map((route) => {
    const { POST } = route.methods;
    if (POST === undefined || route.path.length > 1) return route;
    const limited: RouteAction = (request, name) => {
      const admission = limiter.admit(request.peer, now());
      if (admission === 'served') return POST(request, name);
      counters.registrations += 1;
      // What is ignored at the message layer has an answer here, for the request has been taken already.
      return admission === 'ignored' ? { code: '5.03' } : admission;
    };
    return { ...route, methods: { ...route.methods, POST: limited } };
  });
}
