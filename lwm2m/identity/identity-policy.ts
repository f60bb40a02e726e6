import type { Peer } from '../coap/types.ts';
import type { Registration } from '../registration/registration.ts';

/** Who may speak for which endpoint (LwM2M 1.1 Core 7.3, Transport 5.2: an endpoint name is bound to what the peer proved). */
export interface IdentityPolicy {
  /** Why the peer may not speak for the endpoint, in words that the peer may read; undefined: it may. */
  refusal(peer: Peer, endpoint: string): string | undefined;
  /** The one endpoint that the peer stands for; asked when a Register names none. */
  endpointOf?(peer: Peer): string | undefined;
}

/** What a peer that proved nothing is told of an endpoint that once proved who it is. */
const PROOF_NEEDED = 'this endpoint is known by its credentials';

/**
 * Why the peer may not speak for an endpoint: by the policy, or since the one who registered it has proved who it is, and
 * this one has not.
 */
export function refusalOf(
  policy: IdentityPolicy | undefined,
  peer: Peer,
  endpoint: string,
  registration: Registration | undefined,
): string | undefined {
  if (peer.identity === undefined && registration?.peer.identity !== undefined) return PROOF_NEEDED;
  return policy?.refusal(peer, endpoint);
}
