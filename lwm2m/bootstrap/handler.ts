import type { Peer } from '../coap/types.ts';
import type { Refusal } from '../registration/handler.ts';
import type { Lwm2mVersion } from '../registration/registration.ts';
import type { BootstrapPlan } from './plan.ts';

/** A client that asks to be bootstrapped. */
export interface BootstrapClient {
  readonly endpoint: string;
  readonly peer: Peer;
  /** `pct`, which a client of 1.1 or later sends. */
  readonly preferredFormat: number | undefined;
  /** How it asked: Bootstrap-Request, or Bootstrap-Pack-Request (LwM2M 1.2 6.1.7.8). */
  readonly by: 'request' | 'pack';
}

/** How a bootstrap session ended. */
export type BootstrapResult =
  /** The client accepted all of it; `tolerated`: what it refused on the way that was no reason to stop. */
  | {
      readonly kind: 'finished';
      /** As far as the client told it. */
      readonly version: Lwm2mVersion;
      readonly written: number;
      readonly tolerated: readonly string[];
    }
  /** The client refused an operation without which there is no account. */
  | { readonly kind: 'refused'; readonly operation: string; readonly code: string }
  /** No answer in time, a reset, or a value that has no form in the client's format. */
  | { readonly kind: 'failed'; readonly operation: string; readonly reason: string }
  /** The client, or another one of that name, began anew. */
  | { readonly kind: 'overtaken' }
  /** The session took longer than it may. */
  | { readonly kind: 'expired' }
  /** The server stops. */
  | { readonly kind: 'stopped' };

/** Whoever decides what a client gets. */
export interface BootstrapHandler {
  /** The endpoint name of a client that sent none, by its credentials; undefined: it has to send one. */
  nameOf?(peer: Peer): string | undefined;
  /**
   * What a client gets, all credentials in it already lasting; or why not, 4.00 for a name that is unknown or not its
   * own. One call at a time for each endpoint is not promised: a client may begin anew meanwhile.
   */
  provide(client: BootstrapClient): Promise<BootstrapPlan | Refusal>;
  /** Told how each session ended that had a plan; a pack that was given has finished. Must not throw. */
  concluded?(client: BootstrapClient, result: BootstrapResult, took: number): void;
}
