import type { Peer } from '../coap/types.ts';
import type { Registration } from '../registration/registration.ts';
import type { RegistrationRegistry } from '../registration/registry.ts';

/** Which endpoint registered from an address last: a Send carries no name (LwM2M 1.1 6.4.6). */
export class Senders {
  readonly #registrations: Pick<RegistrationRegistry, 'byEndpoint'>;
  readonly #endpoints = new Map<string, string>();

  constructor(registrations: Pick<RegistrationRegistry, 'byEndpoint'>) {
    this.#registrations = registrations;
  }

  /** The registration whose address this is now. */
  find(peer: Peer): Registration | undefined {
    const endpoint = this.#endpoints.get(peer.key);
    const registration = endpoint === undefined ? undefined : this.#registrations.byEndpoint(endpoint);
    return registration?.peer.key === peer.key ? registration : undefined;
  }

  /** The endpoint registered, or has another address than before. */
  moved({ peer, endpoint }: Registration, previous: Registration | undefined): void {
    if (previous !== undefined && previous.peer.key !== peer.key) this.left(previous);
    this.#endpoints.set(peer.key, endpoint);
  }

  left({ peer, endpoint }: Registration): void {
    if (this.#endpoints.get(peer.key) === endpoint) this.#endpoints.delete(peer.key);
  }
}
