import type { Dialect } from '../../cse-client/index.ts';
import { accessControlRules, type Privileges, policyAttributes } from '../access/privileges.ts';

/** How the IPE appears on the CSE, taken from the configuration. */
export interface PresenceSettings {
  readonly url: string;
  /** resourceName of the CSEBase. */
  readonly base: string;
  readonly originator: string;
  /** Used only where the CSE lets no AE do what the IPE needs; never printed. */
  readonly adminOriginator: string | undefined;
  readonly releaseVersion: string;
  /** resourceName of the IPE's AE. */
  readonly resourceName: string;
  readonly nodePrefix: string;
  /** URL under which the CSE reaches the IPE; asked for with each registration, since addresses may come after the start. */
  readonly pointOfAccess: () => string;
  /** Who may do what with what the IPE makes, where no rule says otherwise. */
  readonly privileges: Privileges;
  readonly dialect: 'auto' | Dialect['name'];
}

/**
 * The IPE's policy (TS-0001 9.6.2), which the trees of devices carry where no rule says otherwise; `narrowed`: the CSE
 * understands rules for types of children.
 */
export function accessControlPolicy(settings: Pick<PresenceSettings, 'originator' | 'privileges'>, narrowed: boolean) {
  return policyAttributes(settings.originator, accessControlRules('tree', settings.privileges, narrowed));
}

/** The administrator's originator where one is configured and is not the IPE itself. */
export function adminOf(settings: PresenceSettings): string | undefined {
  return settings.adminOriginator === settings.originator ? undefined : settings.adminOriginator;
}
