import { errorMessage } from '../common/index.ts';
import { CseError, type CseErrorCode } from './errors.ts';

interface Failure {
  readonly code: CseErrorCode;
  /** What an operator reads after the address of the CSE. */
  readonly words: string;
  /** The library's own words tell more. */
  readonly withReason?: true;
}

const unreachable = (reason: string): Failure => ({ code: 'cse/unreachable', words: `is not reachable (${reason})` });
const untrusted = (reason: string): Failure => ({ code: 'cse/untrusted', words: `is not trusted: ${reason}` });
const UNKNOWN_AUTHORITY = 'no authority that is trusted here has signed its certificate; name one with its certificate';
const broken: Failure = { code: 'cse/unreachable', words: 'closed the connection before it answered' };

/** Errors of the network and of the HTTP client by their code. */
const FAILURES: Readonly<Record<string, Failure>> = {
  ECONNREFUSED: unreachable('connection refused'),
  ENOTFOUND: unreachable('there is no such host'),
  EAI_AGAIN: unreachable('the name service does not answer'),
  EHOSTUNREACH: unreachable('no route to the host'),
  ENETUNREACH: unreachable('no route to the network'),
  ETIMEDOUT: unreachable('no connection in time'),
  UND_ERR_CONNECT_TIMEOUT: unreachable('no connection in time'),
  ECONNRESET: broken,
  EPIPE: broken,
  UND_ERR_SOCKET: broken,
  UND_ERR_RES_CONTENT_LENGTH_MISMATCH: broken,
  UND_ERR_RES_EXCEEDED_MAX_SIZE: { code: 'cse/not-a-cse', words: 'sent an answer that is too large' },
  UND_ERR_HEADERS_OVERFLOW: { code: 'cse/not-a-cse', words: 'sent header fields that are too large' },
  HTTPParserError: { code: 'cse/not-a-cse', words: 'does not speak HTTP' },
  ERR_SSL_WRONG_VERSION_NUMBER: { code: 'cse/not-a-cse', words: 'does not speak TLS' },
  DEPTH_ZERO_SELF_SIGNED_CERT: untrusted('its certificate is self-signed; trust it by name, or have it signed'),
  SELF_SIGNED_CERT_IN_CHAIN: untrusted(UNKNOWN_AUTHORITY),
  UNABLE_TO_VERIFY_LEAF_SIGNATURE: untrusted(UNKNOWN_AUTHORITY),
  UNABLE_TO_GET_ISSUER_CERT: untrusted(UNKNOWN_AUTHORITY),
  UNABLE_TO_GET_ISSUER_CERT_LOCALLY: untrusted(UNKNOWN_AUTHORITY),
  CERT_HAS_EXPIRED: untrusted('its certificate has expired'),
  CERT_NOT_YET_VALID: untrusted('its certificate is not valid yet; is the clock right?'),
  CERT_REVOKED: untrusted('its certificate has been revoked'),
  ERR_TLS_CERT_ALTNAME_INVALID: untrusted('its certificate is for another host name'),
  ERR_SSL_TLSV13_ALERT_CERTIFICATE_REQUIRED: untrusted('it wants a certificate of the client'),
  ERR_SSL_SSLV3_ALERT_HANDSHAKE_FAILURE: untrusted('it refuses the TLS handshake; it may want a client certificate'),
  ERR_SSL_SSLV3_ALERT_BAD_CERTIFICATE: untrusted('it does not accept the certificate of the client'),
  ERR_SSL_TLSV1_ALERT_UNKNOWN_CA: untrusted('it does not know who signed the certificate of the client'),
  UND_ERR_INVALID_ARG: { code: 'cse/bad-request', words: 'cannot be asked this over HTTP', withReason: true },
  UND_ERR_DESTROYED: { code: 'cse/closed', words: 'was left: its client was closed' },
  UND_ERR_CLOSED: { code: 'cse/closed', words: 'was left: its client was closed' },
};

/** The code of anything thrown; the parser's errors have none and go by their name. */
export function failureCode(error: unknown): string {
  const { code, name } = (error ?? {}) as { readonly code?: unknown; readonly name?: unknown };
  if (typeof code === 'string') return code;
  return name === 'HTTPParserError' ? name : '';
}

/** True when the connection went away, as it may at any moment of a kept-alive one. */
export function isDisconnect(code: string): boolean {
  return FAILURES[code] === broken;
}

/** An error of the HTTP client as what it means to the caller; `sent` says whether the CSE may have seen the request. */
export function toCseError(cse: string, error: unknown, sent: boolean): CseError {
  const code = failureCode(error);
  const failure = FAILURES[code] ?? unreachable(errorMessage(error).slice(0, 200));
  const details = { sent, reason: code === '' ? errorMessage(error) : code };
  const words = failure.withReason === true ? `${failure.words} (${errorMessage(error)})` : failure.words;
  return new CseError(failure.code, `CSE at ${cse} ${words}`, { details, cause: error });
}
