import { lookup } from 'node:dns/promises';
import { isIP, isIPv6 } from 'node:net';
import { IpeError } from '../common/index.ts';

/** Where the LwM2M server listens. */
export interface ServerAddress {
  /** An IP address (IPv6 without brackets) or a name. */
  readonly host: string;
  readonly port: number;
  /** True for `coaps`; a device then needs a key. */
  readonly secure?: boolean;
}

/**
 * Reads `coap://host[:port]` or `coaps://host[:port]`, the port 5683 or 5684 where none is given (RFC 7252 6.1, 6.2); IPv6
 * addresses stand in brackets. Throws `IpeError` `simulator/server-uri`, also for paths and queries.
 */
export function parseServerUri(text: string): ServerAddress {
  const parts = /^([a-z][a-z0-9+.-]*):\/\/(\[[^\]]*\]|[^/?#:@\s]+)(?::(\d{1,5}))?\/?$/i.exec(text.trim());
  const [, scheme = '', bracketed = '', portText] = parts ?? [];
  const secure = scheme.toLowerCase() === 'coaps';
  if (parts && !secure && scheme.toLowerCase() !== 'coap') {
    throw uriError(text, `the scheme ${scheme} is not spoken here, only coap and coaps`);
  }
  const port = Number(portText ?? (secure ? 5684 : 5683));
  const host = bracketed.startsWith('[') ? bracketed.slice(1, -1) : bracketed;
  if (!parts || (bracketed.startsWith('[') && !isIPv6(host))) {
    throw uriError(text, 'expected coap://host:port or coaps://host:port, an IPv6 address in brackets');
  }
  if (port < 1 || port > 65535) throw uriError(text, 'the port must be from 1 to 65535');
  return { host, port, ...(secure && { secure }) };
}

/** The address of a name, IPv4 or IPv6 as the system prefers. Throws `IpeError` `simulator/server-uri`. */
export async function resolved(host: string): Promise<string> {
  if (isIP(host)) return host;
  try {
    return (await lookup(host)).address;
  } catch (error) {
    throw new IpeError('simulator/server-uri', `the server's name ${host} cannot be resolved`, { cause: error });
  }
}

function uriError(text: string, why: string): IpeError {
  return new IpeError('simulator/server-uri', `server URI "${text}": ${why}`);
}
