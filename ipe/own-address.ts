import { networkInterfaces } from 'node:os';

/** An IPv4 address by which other machines know this one, where it has one. */
export function ownAddress(): string | undefined {
  const addresses = Object.values(networkInterfaces()).flatMap((addresses) => addresses ?? []);
  return addresses.find(({ family, internal }) => family === 'IPv4' && !internal)?.address;
}
