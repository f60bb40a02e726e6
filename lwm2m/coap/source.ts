const IPV4_MAPPED = '::ffff:';
/** Groups of an IPv6 address that name a network: a site has the other half for itself. */
const NETWORK_GROUPS = 4;

/**
 * What sends from an IP address: the address itself, for IPv6 its network of 64 bits, since a single device may use all
 * addresses of that (RFC 4291 2.5.4).
 */
export function sourceOf(address: string): string {
  if (address.startsWith(IPV4_MAPPED)) return address.slice(IPV4_MAPPED.length);
  if (!address.includes(':')) return address;
  const [before = '', after] = address.split('::');
  const left = before === '' ? [] : before.split(':');
  if (after === undefined || left.length >= NETWORK_GROUPS) return left.slice(0, NETWORK_GROUPS).join(':');
  const right = after === '' ? [] : after.split(':');
  const zeros = Array.from({ length: 8 - left.length - right.length }, () => '0');
  return [...left, ...zeros, ...right].slice(0, NETWORK_GROUPS).join(':');
}
