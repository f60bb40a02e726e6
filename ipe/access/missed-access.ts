import type { Dialect } from '../../cse-client/index.ts';
import { type AccessSettings, grants } from './privileges.ts';

/** What is configured of access and cannot be had on a CSE, in plain sentences. */
export function missedAccess(access: AccessSettings, dialect: Dialect): string[] {
  const missed: string[] = [];
  if (access.rules.length > 0 && !dialect.acpiUpdate) {
    missed.push(
      'policies are given at creation alone: a device that another of access.rules holds for keeps those it has until it is made anew',
    );
  }
  const named = grants(access).flatMap(({ privileges: { discover, read, subscribe, command, administer } }) =>
    [discover, read, subscribe, command, administer].flat(),
  );
  if (!dialect.originatorWildcards && named.some((originator) => /[*?]/.test(originator))) {
    missed.push('patterns of originators are not understood: what access gives to them, nobody has');
  }
  return missed;
}
