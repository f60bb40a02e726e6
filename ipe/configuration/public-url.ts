import type { Configuration } from './schema.ts';

const LOOPBACK = /^(127\.|\[?::1\]?$|localhost$|::ffff:127\.)/i;

/** True for an address or host name that never leaves the machine. */
export function isLoopback(host: string): boolean {
  return LOOPBACK.test(host);
}

function isWildcard(address: string): boolean {
  return address === '::' || address === '0.0.0.0';
}

function inUrl(host: string): string {
  return host.includes(':') ? `[${host}]` : host;
}

/**
 * How the CSE reaches the IPE: `http.publicUrl`, else made from the address and port in use. Where that address stands
 * for all of the machine's, the loopback serves a CSE on this machine, `ownAddress` (one of its own) any other.
 */
export function publicUrl(
  configuration: Configuration,
  bound: { readonly address: string; readonly port: number },
  ownAddress: string | undefined,
): string {
  if (configuration.http.publicUrl !== undefined) return configuration.http.publicUrl;
  const local = configuration.cse.url === undefined || isLoopback(new URL(configuration.cse.url).hostname);
  const reachable = local ? '127.0.0.1' : (ownAddress ?? '127.0.0.1');
  const scheme = configuration.http.tls.certificate === undefined ? 'http' : 'https';
  return `${scheme}://${inUrl(isWildcard(bound.address) ? reachable : bound.address)}:${bound.port}`;
}
