/** A version of an object (LwM2M 1.1 7.2.2). */
export interface ObjectVersion {
  readonly major: number;
  readonly minor: number;
}

const SHAPE = /^(0|[1-9][0-9]{0,4})\.(0|[1-9][0-9]{0,4})$/;

/** Reads `major.minor`; anything else gives undefined. */
export function parseObjectVersion(text: string): ObjectVersion | undefined {
  const parts = SHAPE.exec(text);
  return parts ? { major: Number(parts[1]), minor: Number(parts[2]) } : undefined;
}

/** Ascending by major, then by minor version. */
export function compareVersions(a: ObjectVersion, b: ObjectVersion): number {
  return a.major - b.major || a.minor - b.minor;
}

/**
 * Which of the known versions serves for the wanted one: the same; else the lowest newer one of the same major version
 * (minor versions only add, LwM2M 1.1 7.2.2, so it describes all that the device has); else the highest older one of
 * the same major version; else none. `known` is in ascending order.
 */
export function nearestVersion<T extends { readonly version: ObjectVersion }>(
  known: readonly T[],
  wanted: ObjectVersion,
): T | undefined {
  const sameMajor = known.filter(({ version }) => version.major === wanted.major);
  return sameMajor.find(({ version }) => version.minor >= wanted.minor) ?? sameMajor.at(-1);
}
