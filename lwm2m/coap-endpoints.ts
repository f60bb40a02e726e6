import { type Clock, IpeError, type Logger } from '../common/index.ts';
import { CoapEndpoint, type CoapEndpointOptions } from './coap/endpoint.ts';
import type { CoapReply, OutgoingRequest, RequestOptions } from './coap/outgoing-request.ts';
import type { CoapHandler, Peer } from './coap/types.ts';
import { type DtlsCapabilities, DtlsServer } from './dtls/dtls-server.ts';
import type { DtlsServerOptions } from './dtls/options.ts';

/** A socket that listens. */
export interface Bound {
  readonly address: string;
  readonly port: number;
}

/** Where the endpoints listen; what is not served is absent. */
export interface Listening {
  readonly coap?: Bound;
  readonly coaps?: Bound & DtlsCapabilities;
}

/** What CoAP over DTLS is built from, but for what it shares with the rest. */
export type CoapsOptions = Omit<DtlsServerOptions, 'clock' | 'logger'>;

/** Which endpoints there are; at least one. */
export interface CoapEndpointsOptions {
  /** Without security (LwM2M security mode 3). `::` is IPv6 and IPv4, port 0 any free one. */
  readonly coap?: { readonly host: string; readonly port: number } | undefined;
  /** Over DTLS (RFC 7252 9). */
  readonly coaps?: CoapsOptions | undefined;
  /** What they have in common. */
  readonly shared: Omit<CoapEndpointOptions, 'host' | 'port' | 'transport' | 'clock' | 'logger'> & {
    readonly clock: Clock;
    readonly logger: Logger;
  };
}

/** The CoAP endpoints of one server, which serve the same; a request of ours leaves by the one that knows its peer. */
export class CoapEndpoints {
  readonly coap: CoapEndpoint | undefined;
  readonly coaps: CoapEndpoint | undefined;
  readonly dtls: DtlsServer | undefined;

  /** Throws IpeError `coap/address` where nothing is to be served. */
  constructor({ coap, coaps, shared }: CoapEndpointsOptions, handler: CoapHandler) {
    if (coap === undefined && coaps === undefined) {
      throw new IpeError('coap/address', 'neither CoAP nor CoAPS is to be served');
    }
    this.coap = coap && new CoapEndpoint({ ...shared, ...coap }, handler);
    this.dtls = coaps && new DtlsServer({ ...coaps, clock: shared.clock, logger: shared.logger });
    const { host, port } = coaps ?? { host: '', port: 0 };
    this.coaps = this.dtls && new CoapEndpoint({ ...shared, host, port, transport: this.dtls }, handler);
  }

  /**
   * Opens them, once. Rejects with what a socket rejects with, `coap/port-in-use` or `coap/address`, for CoAPS
   * `coaps/port-in-use` or `coaps/address`, or with `dtls/…`; then none is open.
   */
  async listen(): Promise<Listening> {
    const coap = await this.coap?.listen();
    if (this.coaps === undefined) return { ...(coap && { coap }) };
    try {
      const bound = await this.coaps.listen();
      const { version = '', rawPublicKeys = false } = this.dtls?.capabilities ?? {};
      return { ...(coap && { coap }), coaps: { ...bound, version, rawPublicKeys } };
    } catch (error) {
      await this.coap?.close(0);
      throw ofCoaps(error);
    }
  }

  /** As `CoapEndpoint.request`; `coap/timeout` at once where nothing is served by which the peer could be reached. */
  async request(peer: Peer, request: OutgoingRequest, options?: RequestOptions): Promise<CoapReply> {
    const endpoint = peer.identity === undefined ? this.coap : this.coaps;
    if (endpoint !== undefined) return endpoint.request(peer, request, options);
    throw new IpeError('coap/timeout', `${peer.identity === undefined ? 'CoAP' : 'CoAPS'} is not served any more`);
  }

  /** As `CoapEndpoint.close`, both at once. */
  async close(grace: number): Promise<void> {
    await Promise.all([this.coap?.close(grace), this.coaps?.close(grace)]);
  }
}

/** Which of two sockets could not be had is told by the code. */
function ofCoaps(error: unknown): unknown {
  if (!(error instanceof IpeError) || !error.code.startsWith('coap/')) return error;
  const message = error.message.replace('CoAP', 'CoAPS');
  return new IpeError(error.code.replace(/^coap/, 'coaps'), message, { cause: error.cause });
}
