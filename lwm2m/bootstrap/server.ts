import { silentLogger, systemClock } from '../../common/index.ts';
import type { CoapLimits, TransmissionParameters } from '../coap/parameters.ts';
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
  /** RFC 7252 4.8. */
  readonly transmission?: Partial<TransmissionParameters>;
}

/** A Bootstrap-Server on ports of its own: clients tell servers apart by their addresses. */
export class BootstrapServer {
  readonly service: BootstrapService;
  readonly #endpoints: CoapEndpoints;

  constructor(options: BootstrapServerOptions, handler: BootstrapHandler) {
    const { coap, coaps, coapLimits = {}, transmission = {}, ...others } = options;
    const { clock = systemClock, logger = silentLogger, random } = options;
    const request: BootstrapServiceOptions['request'] = (...asked) => this.#endpoints.request(...asked);
    this.service = new BootstrapService({ ...others, request }, handler);
    const routes = this.service.routes();
    const table = new RouteTable([...routes, discoveryRoute(routes)]);
    const shared = { clock, logger, limits: coapLimits, parameters: transmission, ...(random && { random }) };
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
