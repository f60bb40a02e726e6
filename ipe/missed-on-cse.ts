import { missedAccess } from './access/missed-access.ts';
import { missedDemand } from './application-demand.ts';
import type { Configuration } from './configuration/index.ts';
import type { CseState } from './cse/presence.ts';

/** What a CSE can never do of what applications may expect and what is configured, in plain sentences. */
export function missedOnCse(configuration: Configuration, { dialect, degraded }: CseState): string[] {
  return [...degraded, ...missedDemand(configuration, dialect), ...missedAccess(configuration.access, dialect)];
}
