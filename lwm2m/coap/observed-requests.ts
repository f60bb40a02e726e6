import type { CoapReply, OutgoingRequest } from './outgoing-request.ts';
import type { Peer } from './types.ts';

/** The request whose notifications carry a token; undefined when there is none. */
export type FindObserved = (peer: Peer, token: Buffer) => OutgoingRequest | undefined;

/** What identifies an observation: the peer and the token, never the token alone. */
export function observationKey(peer: Peer, token: Buffer): string {
  return `${peer.key} ${token.toString('latin1')}`;
}

/** The requests of running observations, so that the rest of a notification in blocks can be asked for. Bounded. */
export class ObservedRequests {
  readonly #requests = new Map<string, OutgoingRequest>();
  readonly #limit: number;

  constructor(limit: number) {
    this.#limit = limit;
  }

  readonly find: FindObserved = (peer, token) => this.#requests.get(observationKey(peer, token));

  /** Takes in how a request with Observe ended: 0 began an observation where the reply says so, 1 ended it. */
  settled(peer: Peer, token: Buffer, request: OutgoingRequest, reply: CoapReply | undefined): void {
    const key = observationKey(peer, token);
    if (request.observe !== 0) this.#requests.delete(key);
    else if (reply?.observe !== undefined) this.#add(key, request);
  }

  forget(peer: Peer, token: Buffer): void {
    if (this.#requests.size > 0) this.#requests.delete(observationKey(peer, token));
  }

  #add(key: string, request: OutgoingRequest): void {
    this.#requests.delete(key);
    this.#requests.set(key, request);
    if (this.#requests.size <= this.#limit) return;
    const oldest = this.#requests.keys().next().value;
    if (oldest !== undefined) this.#requests.delete(oldest);
  }
}
