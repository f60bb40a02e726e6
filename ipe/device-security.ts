import { type Clock, errorMessage, IpeError, type Logger } from '../common/index.ts';
import type { CoapsOptions, DtlsSession, IdentityPolicy, Lwm2mServer, ServerCertificate } from '../lwm2m/index.ts';
import type { Configuration } from './configuration/index.ts';
import type { Credentials } from './credentials/credentials.ts';
import { type IdentityRule, IdentityRules } from './credentials/identity-rules.ts';
import { openCredentials } from './credentials/open-credentials.ts';
import { assertPair, readCertificates, readKey } from './pem-files.ts';

const SECTION = 'lwm2m.coaps';
/** What holds without rules of the operator: a certificate is good for the endpoint that it names. */
const USUAL_RULES: readonly IdentityRule[] = [{ certificate: '*', endpoint: '{name}' }];

/** What devices may prove who they are with. */
export interface CoapsFacts {
  /** Of LwM2M; raw public keys are not among them. */
  readonly securityModes: readonly ('psk' | 'x509')[];
  /** Pre-shared keys in the store. */
  readonly identities: number;
}

/** How devices prove who they are, and what that allows them: credentials, certificates and rules of one configuration. */
export class DeviceSecurity {
  /** Absent where none are configured. */
  readonly credentials: Credentials | undefined;
  readonly identities: IdentityPolicy;
  /** Absent where CoAPS is not to be served. */
  readonly coaps: CoapsOptions | undefined;
  readonly #logger: Logger;

  /** Throws IpeError `credentials/…`, `config/file` or `config/invalid` in one line. */
  constructor(configuration: Configuration, clock: Clock, logger: Logger) {
    const { coap, coaps, identities } = configuration.lwm2m;
    this.#logger = logger;
    const certificate = serverCertificate(coaps);
    this.credentials = coaps.credentials === undefined ? undefined : openCredentials(coaps.credentials, clock, logger);
    const { credentials } = this;
    this.identities = new IdentityRules({
      credentials,
      rules: identities.length > 0 ? identities : USUAL_RULES,
      unsecured: coap.endpoints,
    });
    const served = coaps.enabled && (credentials !== undefined || certificate !== undefined);
    if (!served && !coap.enabled) {
      throw new IpeError(
        'config/invalid',
        `lwm2m.coap.enabled is false, and ${SECTION} has neither credentials nor a certificate: no device could come`,
      );
    }
    if (!served) return;
    const { host, port, ciphers, libssl, limits } = coaps;
    this.coaps = {
      host,
      port,
      ciphers,
      limits,
      established: (session) => this.#established(session),
      ...(libssl !== undefined && { libssl }),
      ...(credentials && { credential: (identity) => credentials.find(identity)?.key }),
      ...(certificate && { certificate }),
    };
  }

  get facts(): CoapsFacts {
    const { credentials, coaps } = this;
    const modes = { psk: credentials, x509: coaps?.certificate };
    const securityModes = (['psk', 'x509'] as const).filter((mode) => modes[mode] !== undefined);
    return { securityModes, identities: credentials?.size ?? 0 };
  }

  /** From now on the session of a credential that is removed or changed ends, also where another process did that. */
  watch(server: Pick<Lwm2mServer, 'closeSession'>): void {
    this.credentials?.onChange((identities) => {
      let ended = 0;
      for (const identity of identities) if (server.closeSession({ kind: 'psk', identity })) ended += 1;
      this.#logger.info('credentials were removed or changed', {
        identities: identities.length,
        sessionsEnded: ended,
      });
    });
    this.credentials?.watch();
  }

  close(): void {
    this.credentials?.close();
  }

  /** A credential that was given out and is used for the first time takes the place of those before it. */
  #established({ peer: { identity } }: DtlsSession): void {
    if (identity.kind !== 'psk') return;
    this.credentials?.used(identity.identity).catch((error: unknown) => {
      this.#logger.error('what a new credential replaces was not removed', {
        identity: identity.identity,
        reason: errorMessage(error),
      });
    });
  }
}

function serverCertificate(coaps: Configuration['lwm2m']['coaps']): ServerCertificate | undefined {
  const { certificate, privateKey, ca } = coaps;
  if (certificate === undefined && privateKey === undefined && ca === undefined) return undefined;
  if (certificate === undefined || privateKey === undefined || ca === undefined) {
    const keys = ['certificate', 'privateKey', 'ca'].map((name) => `${SECTION}.${name}`).join(', ');
    throw new IpeError('config/invalid', `${keys} go together; not all are set`);
  }
  const chain = readCertificates(`${SECTION}.certificate`, certificate);
  const own = readKey(`${SECTION}.privateKey`, privateKey);
  assertPair(SECTION, chain, own);
  return { chain, privateKey: own, authorities: readCertificates(`${SECTION}.ca`, ca) };
}
