import { type Clock, errorMessage, IpeError, type Logger } from '../common/index.ts';
import {
  type CoapsOptions,
  type DtlsCapabilities,
  type DtlsSession,
  type IdentityPolicy,
  type Lwm2mServer,
  publicKeyOf,
  type RawPublicKeys,
  type ServerCertificate,
} from '../lwm2m/index.ts';
import type { Configuration } from './configuration/index.ts';
import { credentialOfPeer } from './credentials/credential.ts';
import type { Credentials } from './credentials/credentials.ts';
import { type IdentityRule, IdentityRules } from './credentials/identity-rules.ts';
import { openCredentials } from './credentials/open-credentials.ts';
import { assertPair, readCertificates, readKey } from './pem-files.ts';

const SECTION = 'lwm2m.coaps';
/** What holds without rules of the operator: a certificate is good for the endpoint that it names. */
const USUAL_RULES: readonly IdentityRule[] = [{ certificate: '*', endpoint: '{name}' }];

/** What devices may prove who they are with. */
export interface CoapsFacts {
  /** Of LwM2M. */
  readonly securityModes: readonly ('psk' | 'rpk' | 'x509')[];
  /** Pre-shared and public keys in the store. */
  readonly identities: number;
  /** Raw public keys (LwM2M security mode 1): served, or why not. */
  readonly rpk: string;
}

/** What raw public keys need, of OpenSSL and of the configuration. */
const NEWER = 'OpenSSL 3.2 or later: run the bridge by Node.js 24, or name one in lwm2m.coaps.libssl';
const SET_UP = `${SECTION}.privateKey of EC P-256 and ${SECTION}.credentials`;

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
    const own = coaps.privateKey === undefined ? undefined : readKey(`${SECTION}.privateKey`, coaps.privateKey);
    const certificate = serverCertificate(coaps, own);
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
    const rawPublicKeys = own === undefined ? undefined : this.#rawPublicKeys(own, certificate !== undefined);
    this.coaps = {
      host,
      port,
      ciphers,
      limits,
      established: (session) => this.#established(session),
      ...(libssl !== undefined && { libssl }),
      ...(credentials && { credential: (identity) => credentials.find(identity)?.key }),
      ...(certificate && { certificate }),
      ...(rawPublicKeys && { rawPublicKeys }),
    };
  }

  /** Depends on what the OpenSSL in use can; says in the log when devices with raw public keys wait in vain. */
  facts(openssl: DtlsCapabilities): CoapsFacts {
    const { credentials, coaps } = this;
    const rpk = this.#rawPublicKeyState(openssl);
    const modes = { psk: credentials, rpk: rpk === 'served' ? rpk : undefined, x509: coaps?.certificate };
    const securityModes = (['psk', 'rpk', 'x509'] as const).filter((mode) => modes[mode] !== undefined);
    const publicKeys = credentials?.publicKeys ?? 0;
    if (publicKeys > 0 && rpk !== 'served') {
      const why = { publicKeys, dtls: openssl.version, needs: openssl.rawPublicKeys ? SET_UP : NEWER };
      this.#logger.warn('raw public keys are not to be had: devices that have one are refused', why);
    }
    return { securityModes, identities: credentials?.size ?? 0, rpk };
  }

  #rawPublicKeyState({ version, rawPublicKeys }: DtlsCapabilities): string {
    if (!rawPublicKeys) return `not with ${version}`;
    return this.coaps?.rawPublicKeys === undefined ? `not without ${SET_UP}` : 'served';
  }

  /** What a device with a raw public key is shown, and by what it is believed. */
  #rawPublicKeys(privateKey: string, certified: boolean): RawPublicKeys | undefined {
    const { credentials } = this;
    if (credentials === undefined) return undefined;
    try {
      publicKeyOf(privateKey);
    } catch (error) {
      // A certificate may have a key of another kind.
      if (certified) return undefined;
      throw new IpeError('config/file', `${SECTION}.privateKey: ${errorMessage(error)}`);
    }
    return { privateKey, trusts: (fingerprint) => credentials.find(fingerprint)?.publicKey !== undefined };
  }

  /** From now on the session of a credential that is removed or changed ends, also where another process did that. */
  watch(server: Pick<Lwm2mServer, 'closeSession'>): void {
    this.credentials?.onChange((identities) => {
      let ended = 0;
      for (const identity of identities) {
        if (server.closeSession({ kind: 'psk', identity })) ended += 1;
        if (server.closeSession({ kind: 'rpk', fingerprint: identity })) ended += 1;
      }
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
  #established({ peer }: DtlsSession): void {
    const credential = credentialOfPeer(this.credentials, peer.identity);
    if (credential === undefined) return;
    this.credentials?.used(credential.identity).catch((error: unknown) => {
      this.#logger.error('what a new credential replaces was not removed', {
        identity: credential.identity,
        reason: errorMessage(error),
      });
    });
  }
}

/** The private key may stand alone, for raw public keys. */
function serverCertificate(
  { certificate, ca, credentials }: Configuration['lwm2m']['coaps'],
  privateKey: string | undefined,
): ServerCertificate | undefined {
  if (certificate === undefined && ca === undefined) {
    if (privateKey === undefined || credentials !== undefined) return undefined;
    const why = `${SECTION}.privateKey without a certificate is for raw public keys`;
    throw new IpeError('config/invalid', `${why}; those of devices lie in ${SECTION}.credentials, which is not set`);
  }
  if (certificate === undefined || privateKey === undefined || ca === undefined) {
    const keys = ['certificate', 'privateKey', 'ca'].map((name) => `${SECTION}.${name}`).join(', ');
    throw new IpeError('config/invalid', `${keys} go together; not all are set`);
  }
  const chain = readCertificates(`${SECTION}.certificate`, certificate);
  assertPair(SECTION, chain, privateKey);
  return { chain, privateKey, authorities: readCertificates(`${SECTION}.ca`, ca) };
}
