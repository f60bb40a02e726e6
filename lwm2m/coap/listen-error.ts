import { errorMessage, IpeError } from '../../common/index.ts';

const NO_FAMILY: ReadonlySet<string> = new Set(['EAFNOSUPPORT', 'EADDRNOTAVAIL', 'EPROTONOSUPPORT']);

/** True when a bind to `::` failed because the machine has no IPv6. */
export function isWithoutIpv6(error: unknown): boolean {
  return NO_FAMILY.has(codeOf(error));
}

/** What a failed bind means to the operator: `coap/port-in-use` or `coap/address`, in one line. */
export function listenError(error: unknown, host: string, port: number): IpeError {
  const options = { details: { host, port }, cause: error };
  switch (codeOf(error)) {
    case 'EADDRINUSE':
      return new IpeError('coap/port-in-use', `UDP port ${port} of ${host} is already in use`, options);
    case 'EACCES':
      return new IpeError('coap/address', `no permission to use UDP port ${port} of ${host}`, options);
    case 'EADDRNOTAVAIL':
      return new IpeError('coap/address', `${host} is not an address of this machine`, options);
    default:
      return new IpeError(
        'coap/address',
        `cannot listen on ${host}, UDP port ${port}: ${errorMessage(error)}`,
        options,
      );
  }
}

function codeOf(error: unknown): string {
  return String((error as { code?: unknown } | null)?.code);
}
