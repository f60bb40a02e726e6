import { silentLogger, systemClock } from '../../common/index.ts';
import type { CoapLimits, TransmissionParameters } from '../coap/parameters.ts';
import { RateLimiter, type RateLimits } from '../coap/rate-limit.ts';
import type { Peer } from '../coap/types.ts';
import { CoapEndpoints, type CoapEndpointsOptions, type Listening } from '../coap-endpoints.ts';
import { discoveryRoute, RouteTable } from '../registration/routes.ts';
import type { BootstrapHandler } from './handler.ts';
import type { BootstrapServiceOptions } from './options.ts';
import { BootstrapService } from './service.ts';

/** What a Bootstrap-Server with ports of its own is built from; at least one of `coap` and `coaps`. */
export interface BootstrapServerOptions extends Omit<BootstrapServiceOptions, 'request'> {
  readonly coap?: CoapEndpointsOptions['coap'];
  readonly coaps?: CoapEndpointsOptions['coaps'];
  readonly coapLimits?: Partial<CoapLimits>;
  /** Requests served in a second, retransmitted ones included; absent: whatever comes. */
  readonly requestRates?: RateLimits;
  /** RFC 7252 4.8. */
  readonly transmission?: Partial<TransmissionParameters>;
}

/** Answers to an address that has proved nothing have at most this many times the bytes of the question. */
const MOST_AMPLIFICATION = 3;

/** A Bootstrap-Server on ports of its own: clients tell servers apart by their addresses. */
export class BootstrapServer {
  readonly service: BootstrapService;
  readonly #endpoints: CoapEndpoints;

  constructor(options: BootstrapServerOptions, handler: BootstrapHandler) {
    const { coap, coaps, coapLimits, requestRates, transmission = {}, ...others } = options;
    const { clock = systemClock, logger = silentLogger, random } = options;
    const limiter = requestRates && new RateLimiter(requestRates, random ?? Math.random, clock.monotonic());
    const limits = { amplification: MOST_AMPLIFICATION, ...coapLimits };
    const admit = limiter && ((peer: Peer, now: number) => limiter.admit(peer, now));
    const request: BootstrapServiceOptions['request'] = (...asked) => this.#endpoints.request(...asked);
    this.service = new BootstrapService({ ...others, request }, handler);
    const routes = this.service.routes();
    const table = new RouteTable([...routes, discoveryRoute(routes)]);
    const shared = {
      clock,
      logger,
      limits,
      parameters: transmission,
      ...(random && { random }),
      ...(admit && { admit }),
    };
    this.#endpoints = new CoapEndpoints({ coap, coaps, shared }, (message) => table.serve(message));
  }

  /** Listens; rejects as `CoapEndpoints.listen`. */
  start(): Promise<Listening> {
    return this.#endpoints.listen();
  }

  /** Ends the sessions, lets answers that are under way finish for at most `grace` milliseconds, and closes. */
  async stop(grace: number): Promise<void> {
    this.service.stop();
    await this.#endpoints.close(grace);
  }
}
