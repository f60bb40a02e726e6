import type { IdentityPolicy, Peer, Refusal } from '../../lwm2m/index.ts';
import { credentialOfPeer } from '../credentials/credential.ts';
import type { Credentials } from '../credentials/credentials.ts';

/** How it is known who asks. */
export interface BootstrapAccess {
  /** Absent: there are no credentials, so everybody is believed. */
  readonly credentials: Pick<Credentials, 'find' | 'of'> | undefined;
  /** Whom certificates speak for. */
  readonly identities: IdentityPolicy;
  /** Keys may travel in the clear. */
  readonly keysOverCoap: boolean;
}

/** The one refusal of names, so that an answer tells nothing of who exists. */
export const NOT_FOR_YOU: Refusal = Object.freeze({ code: '4.00', diagnostic: 'no bootstrap for this endpoint here' });

/** The endpoint that the credentials of a peer were made for. */
export function endpointOfPeer({ credentials, identities }: BootstrapAccess, peer: Peer): string | undefined {
  const { identity } = peer;
  if (identity === undefined) return undefined;
  if (identity.kind === 'x509') return identities.endpointOf?.(peer);
  const credential = credentialOfPeer(credentials, identity);
  return credential?.use === 'bootstrap' ? credential.endpoint : undefined;
}

/**
 * Whether a peer may be bootstrapped as an endpoint. Over CoAPS it has to be the one that its credentials name. Over CoAP
 * anybody who has no bootstrap credential; but secrets only where that is allowed, and only while no other is in use.
 */
export function mayBootstrap(access: BootstrapAccess, peer: Peer, endpoint: string, secrets: boolean): boolean {
  const { credentials, identities, keysOverCoap } = access;
  if (peer.identity?.kind === 'x509') return identities.refusal(peer, endpoint) === undefined;
  if (peer.identity !== undefined) return endpointOfPeer(access, peer) === endpoint;
  if (credentials !== undefined && credentials.of(endpoint, 'bootstrap').length > 0) return false;
  if (!secrets) return true;
  return keysOverCoap && !(credentials?.of(endpoint, 'server') ?? []).some(({ fresh }) => !fresh);
}
