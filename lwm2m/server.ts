import type { Clock, Logger } from '../common/index.ts';
import type { CoapCounters } from './coap/counters.ts';
import { CoapEndpoint } from './coap/endpoint.ts';
import type { CoapLimits, TransmissionParameters } from './coap/parameters.ts';
import type { RegistrationCounters } from './registration/counters.ts';
import type { RegistrationHandler } from './registration/handler.ts';
import type { RegistrationLimits } from './registration/options.ts';
import type { LifetimeBounds } from './registration/parameters.ts';
import type { RegistrationRegistry } from './registration/registry.ts';
import { discoveryRoute, type Route, RouteTable, registrationRoutes } from './registration/routes.ts';
import { RegistrationService } from './registration/service.ts';

/** What a server is built from; whatever is absent has a documented default. */
export interface Lwm2mServerOptions {
  /** Where it listens; `::` is IPv6 and IPv4, port 0 any free one. */
  readonly coap: { readonly host: string; readonly port: number };
  readonly lifetime: LifetimeBounds;
  readonly limits?: { readonly coap?: Partial<CoapLimits>; readonly registration?: Partial<RegistrationLimits> };
  /** RFC 7252 4.8. */
  readonly transmission?: Partial<TransmissionParameters>;
  readonly clock?: Clock;
  readonly logger?: Logger;
  /** From 0 up to 1; for spreading in time, never for secrets. */
  readonly random?: () => number;
  /** Resources beside those of the registration interface; any other path is answered 4.04. */
  readonly routes?: readonly Route[];
}

/** Plain numbers since the start. */
export interface Lwm2mServerCounters {
  readonly coap: CoapCounters;
  readonly registration: RegistrationCounters;
}

/** A LwM2M server: devices on one side, a `RegistrationHandler` on the other. */
export class Lwm2mServer {
  readonly counters: Lwm2mServerCounters;
  private readonly endpoint: CoapEndpoint;
  private readonly service: RegistrationService;

  constructor(options: Lwm2mServerOptions, handler: RegistrationHandler) {
    const { clock, logger, random, limits, transmission } = options;
    const shared = {
      ...(clock === undefined ? undefined : { clock }),
      ...(logger === undefined ? undefined : { logger }),
      ...(random === undefined ? undefined : { random }),
    };
    const { lifetime } = options;
    this.service = new RegistrationService({ ...shared, lifetime, limits: limits?.registration ?? {} }, handler);
    const routes = [...registrationRoutes(this.service), ...(options.routes ?? [])];
    const table = new RouteTable([...routes, discoveryRoute(routes)]);
    this.endpoint = new CoapEndpoint(
      { ...shared, ...options.coap, limits: limits?.coap ?? {}, parameters: transmission ?? {} },
      (request) => table.serve(request),
    );
    this.counters = { coap: this.endpoint.counters, registration: this.service.counters };
  }

  /** Who is registered now. */
  get registrations(): RegistrationRegistry {
    return this.service.registrations;
  }

  /** Listens; throws `IpeError` `coap/port-in-use` or `coap/address`. */
  start(): Promise<{ address: string; port: number }> {
    return this.endpoint.listen();
  }

  /** Takes no more requests, lets answers that are under way finish for at most `grace` milliseconds, and closes. */
  async stop(grace: number): Promise<void> {
    this.service.stop();
    await this.endpoint.close(grace);
    this.service.close();
  }
}
