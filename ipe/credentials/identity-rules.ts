import type { IdentityPolicy, Peer, PeerIdentity } from '../../lwm2m/index.ts';
import { matchesPattern } from '../../mappings/index.ts';
import { credentialOfPeer } from './credential.ts';
import type { Credentials } from './credentials.ts';

/**
 * Endpoints that an identity may speak for. `psk` or `certificate` is a pattern of the PSK identity or of a name of the
 * certificate, `*` for any text, `publicKey` a fingerprint; in `endpoint` `{name}` stands for the whole name, and `{*}` for what its one `*` stood for.
 */
export interface IdentityRule {
  readonly psk?: string | undefined;
  readonly certificate?: string | undefined;
  readonly publicKey?: string | undefined;
  readonly endpoint: string;
}

/** The pattern of a rule that is about an identity of a kind. */
const PATTERN_OF = { psk: 'psk', rpk: 'publicKey', x509: 'certificate' } as const;

/** What the names of devices are judged by. */
export interface IdentityRulesParts {
  readonly credentials: Credentials | undefined;
  readonly rules: readonly IdentityRule[];
  /** Patterns of the endpoints that may come without security. */
  readonly unsecured: readonly string[];
}

/** Who may speak for which endpoint: by the credential itself, or by a rule; without security whoever has no credential. */
export class IdentityRules implements IdentityPolicy {
  readonly #parts: IdentityRulesParts;

  constructor(parts: IdentityRulesParts) {
    this.#parts = parts;
  }

  refusal({ identity }: Peer, endpoint: string): string | undefined {
    if (identity === undefined) return this.#unsecured(endpoint);
    if (identity.kind !== 'x509') {
      const credential = credentialOfPeer(this.#parts.credentials, identity);
      if (credential === undefined) return 'the credential was removed';
      if (credential.use !== 'server') return 'this credential is for bootstrap alone';
      if (credential.endpoint === endpoint) return undefined;
    }
    const allowed = this.#parts.rules.some((rule) =>
      expected(rule, identity).some((it) => matchesPattern(it, endpoint)),
    );
    return allowed ? undefined : 'the endpoint name is not that of the credentials';
  }

  endpointOf({ identity }: Peer): string | undefined {
    if (identity === undefined) return undefined;
    if (identity.kind !== 'x509') return credentialOfPeer(this.#parts.credentials, identity)?.endpoint;
    const names = this.#parts.rules.flatMap((rule) => expected(rule, identity));
    return names.find((name) => !name.includes('*'));
  }

  #unsecured(endpoint: string): string | undefined {
    const { credentials, unsecured } = this.#parts;
    if ((credentials?.of(endpoint).length ?? 0) > 0) return 'this endpoint is known by its credentials';
    return unsecured.some((pattern) => matchesPattern(pattern, endpoint))
      ? undefined
      : 'this endpoint has to come by coaps';
  }
}

/** The patterns of endpoints that a rule gives to an identity. */
function expected({ endpoint, ...patterns }: IdentityRule, identity: PeerIdentity): string[] {
  const pattern = patterns[PATTERN_OF[identity.kind]];
  if (pattern === undefined) return [];
  return namesOf(identity)
    .filter((name) => matchesPattern(pattern, name))
    .flatMap((name) => filledIn(endpoint, name, starOf(pattern, name)));
}

/** What a peer calls itself by what it has proved (LwM2M 1.1 Transport 5.2.9.3: common name, or subject alternative name). */
function namesOf(identity: PeerIdentity): readonly string[] {
  if (identity.kind === 'psk') return [identity.identity];
  if (identity.kind === 'rpk') return [identity.fingerprint];
  const { commonName, alternativeNames } = identity;
  return commonName === undefined ? alternativeNames : [commonName, ...alternativeNames];
}

/** Nothing, where a name would bring a wildcard of its own. */
function filledIn(endpoint: string, name: string, star: string): string[] {
  const used = `${endpoint.includes('{name}') ? name : ''}${endpoint.includes('{*}') ? star : ''}`;
  if (used.includes('*')) return [];
  return [endpoint.replaceAll('{name}', () => name).replaceAll('{*}', () => star)];
}

function starOf(pattern: string, name: string): string {
  const [before = '', after] = pattern.split('*');
  return after === undefined ? '' : name.slice(before.length, name.length - after.length);
}
