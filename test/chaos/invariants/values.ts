import type { Begun, Dropped, Evidence, Invariant, Stored, Told } from '../evidence.ts';

const resourceOf = ({ endpoint, path }: Pick<Told, 'endpoint' | 'path'>) => `${endpoint} ${path}`;
const nameOf = (of: Pick<Told, 'endpoint' | 'path' | 'value'>) => `${resourceOf(of)} = ${of.value}`;

function grouped<T>(items: readonly T[], key: (item: T) => string): Map<string, T[]> {
  const groups = new Map<string, T[]>();
  for (const item of items) {
    const group = groups.get(key(item));
    if (group === undefined) groups.set(key(item), [item]);
    else group.push(item);
  }
  return groups;
}

function firstTimes(all: readonly Pick<Told, 'endpoint' | 'path' | 'value' | 'at'>[]): Map<string, number> {
  const first = new Map<string, number>();
  for (const one of all) first.set(nameOf(one), Math.min(one.at, first.get(nameOf(one)) ?? one.at));
  return first;
}

/**
 * True when the value may be one of those: told before the bridge said so, and not acknowledged in a later registration, which
 * may have begun before it was heard.
 */
function mayBeOf({ endpoint, registration, at }: Dropped, one: Told, begun: readonly Begun[]): boolean {
  if (endpoint !== one.endpoint || one.at > at) return false;
  const began = begun.find((other) => other.registration === registration)?.at ?? at;
  const next = begun.find((other) => other.endpoint === endpoint && other.at > began)?.at ?? Number.POSITIVE_INFINITY;
  return (one.acknowledgedAt ?? 0) < next;
}

/** Acknowledged values that are not on the CSE, but for those that a newer one had overtaken. */
function missing({ told, stored }: Evidence): Told[] {
  const known = new Set(stored.map(nameOf));
  const ofResource = grouped(told, resourceOf);
  return told.filter((one) => {
    const { acknowledgedAt } = one;
    if (acknowledgedAt === undefined || known.has(nameOf(one))) return false;
    return !ofResource.get(resourceOf(one))?.some(({ value, at }) => value > one.value && at < acknowledgedAt);
  });
}

/** Those that the bridge has not said to have dropped; each time it has said so answers for as many as it has counted. */
function unsaid(values: readonly Told[], { dropped, begun }: Evidence): Told[] {
  const room = dropped.map((drop) => drop.values);
  // A value may have been told twice, and waited once. The latest has the fewest to be one of.
  const latestFirst = [...grouped(values, nameOf).values()].sort(([a], [b]) => (b?.at ?? 0) - (a?.at ?? 0));
  return latestFirst.flatMap((same) => {
    const among = dropped.findIndex((drop, index) => {
      return (room[index] ?? 0) > 0 && same.every((one) => mayBeOf(drop, one, begun));
    });
    if (among < 0) return same;
    room[among] = (room[among] ?? 0) - 1;
    return [];
  });
}

/**
 * Every value that a device was told yes for is made on the CSE. Not asked for: a value that reached the bridge after a
 * newer one of its resource, and as many as the bridge has said that it dropped with a registration that ended afterwards.
 */
export const NONE_LOST: Invariant = {
  name: 'every acknowledged value reaches the CSE',
  broken(evidence) {
    return unsaid(missing(evidence), evidence).map(
      (one) => `${nameOf(one)} was acknowledged (${one.acknowledgedAt}) and is not on the CSE`,
    );
  },
};

/** While the CSE keeps what it has, nothing is made more often than a device has told it. */
export const NONE_TWICE: Invariant = {
  name: 'no value is stored more often than it was told',
  broken({ told, stored }) {
    const messages = grouped(told, nameOf);
    const perGeneration = grouped(stored, (one) => `${one.generation} ${nameOf(one)}`);
    return [...perGeneration.values()].flatMap((same) => {
      const [first] = same as [Stored];
      const often = messages.get(nameOf(first))?.length ?? 0;
      return same.length > often ? [`${nameOf(first)} was told ${often} times and stored ${same.length} times`] : [];
    });
  },
};

/** Values of one resource stand on the CSE in the order in which they were acknowledged. */
export const IN_ORDER: Invariant = {
  name: 'values of a resource are stored in their order',
  broken({ told, stored }) {
    const first = firstTimes(stored);
    const cameAt = firstTimes(told);
    const acknowledged = told.filter((one) => one.acknowledgedAt !== undefined && first.has(nameOf(one)));
    return [...grouped(acknowledged, resourceOf).values()].flatMap((group) => {
      group.sort((a, b) => (a.acknowledgedAt ?? 0) - (b.acknowledgedAt ?? 0));
      return group.slice(1).flatMap((later, index) => {
        const earlier = group[index] as Told;
        // One that was still on its way when the other came, told in whatever message, has no order to it.
        const apart = (cameAt.get(nameOf(later)) ?? 0) > (earlier.acknowledgedAt ?? 0);
        const swapped = (first.get(nameOf(later)) ?? 0) < (first.get(nameOf(earlier)) ?? 0);
        return apart && swapped ? [`${nameOf(later)} was stored before ${nameOf(earlier)}`] : [];
      });
    });
  },
};

/** In the calm at the end values flow: none is held back by an observation or a queue that was forgotten. */
export const FLOWING: Invariant = {
  name: 'a value of a registered device reaches the CSE in the end',
  broken({ fresh, stored }) {
    const known = new Set(stored.map(nameOf));
    return fresh.filter((one) => !known.has(nameOf(one))).map((one) => `${nameOf(one)} is not on the CSE`);
  },
};
