/** An address below the CSEBase, or a resource ID, without the CSE-ID and SP-ID in front (TS-0001 7.2). */
export function cseRelative(address: string): string {
  if (address.startsWith('//')) return address.split('/').slice(4).join('/');
  return address.startsWith('/') ? address.split('/').slice(2).join('/') : address;
}

/** The last name of an address: of a resource ID in any form the ID alone, of a structured address the resourceName. */
export function lastName(address: string): string {
  return address.slice(address.lastIndexOf('/') + 1);
}
