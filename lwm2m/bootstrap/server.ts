import { type Clock, type Logger, silentLogger, systemClock } from '../../common/index.ts';
import { CoapEndpoint } from '../coap/endpoint.ts';
import type { CoapReply, OutgoingRequest, RequestOptions } from '../coap/outgoing-request.ts';
import type { CoapLimits, TransmissionParameters } from '../coap/parameters.ts';
import type { DatagramTransport } from '../coap/transport.ts';
import type { Peer } from '../coap/types.ts';
import { discoveryRoute, RouteTable } from '../registration/routes.ts';
import type { BootstrapHandler } from './handler.ts';
import type { BootstrapServiceOptions } from './options.ts';
import { BootstrapService } from './service.ts';

/** One door of a Bootstrap-Server: where it listens, `::` and port 0 as in `CoapEndpoint`. */
export interface BootstrapDoor {
  readonly host: string;
  readonly port: number;
  /** DTLS over UDP (CoAPS); absent: UDP (CoAP). */
  readonly transport?: DatagramTransport;
}

/** What a Bootstrap-Server with ports of its own is built from. */
export interface BootstrapServerOptions extends Omit<BootstrapServiceOptions, 'request'> {
  readonly doors: readonly BootstrapDoor[];
  readonly coapLimits?: Partial<CoapLimits>;
  /** RFC 7252 4.8. */
  readonly transmission?: Partial<TransmissionParameters>;
}

/** A Bootstrap-Server on ports of its own. */
export class BootstrapServer {
  readonly service: BootstrapService;
  readonly #endpoints: readonly { readonly secure: boolean; readonly endpoint: CoapEndpoint }[];

  constructor(options: BootstrapServerOptions, handler: BootstrapHandler) {
    const { doors, coapLimits = {}, transmission = {}, ...service } = options;
    const { clock = systemClock as Clock, logger = silentLogger as Logger, random } = options;
    const request = (peer: Peer, message: OutgoingRequest, how: RequestOptions) => this.#request(peer, message, how);
    this.service = new BootstrapService({ ...service, request }, handler);
    const routes = this.service.routes();
    const table = new RouteTable([...routes, discoveryRoute(routes)]);
    const shared = { clock, logger, limits: coapLimits, parameters: transmission, ...(random && { random }) };
    this.#endpoints = doors.map((door) => ({
      secure: door.transport !== undefined,
      endpoint: new CoapEndpoint({ ...shared, ...door }, (message) => table.serve(message)),
    }));
  }

  /** Listens at every door, in their order; rejects as `CoapEndpoint.listen`. */
  async start(): Promise<readonly { readonly address: string; readonly port: number }[]> {
    const bound: { readonly address: string; readonly port: number }[] = [];
    for (const { endpoint } of this.#endpoints) bound.push(await endpoint.listen());
    return bound;
  }

  /** Ends the sessions, lets answers that are under way finish for at most `grace` milliseconds, and closes. */
  async stop(grace: number): Promise<void> {
    this.service.stop();
    await Promise.all(this.#endpoints.map(({ endpoint }) => endpoint.close(grace)));
  }

  /** A client is asked from the door that it knocked at: over DTLS it has proved who it is. */
  #request(peer: Peer, message: OutgoingRequest, how: RequestOptions): Promise<CoapReply> {
    const secure = peer.identity !== undefined;
    const door = this.#endpoints.find((each) => each.secure === secure) ?? this.#endpoints[0]!;
    return door.endpoint.request(peer, message, how);
  }
}
