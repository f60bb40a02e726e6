import { createHash } from 'node:crypto';
import { type AccessControlRule, ResourceType } from '../../cse-client/index.ts';
import { matchesPattern } from '../../mappings/index.ts';

/** Who may do what with the resources of a device: originators, `all` for everyone, patterns where the CSE knows them. */
export interface Privileges {
  /** Find resources, beside those who read. */
  readonly discover: readonly string[];
  /** Find and retrieve. */
  readonly read: readonly string[];
  /** Create subscriptions, where the CSE can express it. */
  readonly subscribe: readonly string[];
  /** Command the device. */
  readonly command: readonly string[];
  /** Everything, deleting included. */
  readonly administer: readonly string[];
}

/** Other privileges for the endpoints of a pattern; what is absent stays as it is for all. */
export type AccessRule = { readonly endpoint: string } & {
  readonly [K in keyof Privileges]?: Privileges[K] | undefined;
};

/** The configured privileges: the first rule that matches, over what holds for all. */
export interface AccessSettings extends Privileges {
  readonly rules: readonly AccessRule[];
}

/** The privileges of some endpoints, under the mark that tells their policies from others; empty where no rule matches. */
export interface Grant {
  readonly mark: string;
  readonly privileges: Privileges;
}

/**
 * What a policy is for. `tree`: AE, node and containers; `requests`, `responses`: the containers of commands; `commands`:
 * beside `tree`, containers in which direct commands are created. The others in place of these two where this server
 * may not read on the device: `unread` lets nobody retrieve, `blind-commands` only create.
 */
export type PolicyKind = 'tree' | 'unread' | 'requests' | 'responses' | 'commands' | 'blind-commands';

/** All kinds of policies. */
export const POLICY_KINDS: readonly PolicyKind[] = [
  'tree',
  'unread',
  'requests',
  'responses',
  'commands',
  'blind-commands',
];

/** accessControlOperations (TS-0004 6.3.4.2.29). */
const MAY = { create: 1, retrieve: 2, discover: 32, all: 63 } as const;
const READ = MAY.retrieve + MAY.discover;
/** Hexadecimal digits of a mark: rules are at most 1,000. */
const MARK_DIGITS = 10;

/** The privileges for an endpoint. */
export function grantFor(settings: AccessSettings, endpoint: string): Grant {
  const rule = settings.rules.find((one) => matchesPattern(one.endpoint, endpoint));
  return rule === undefined ? { mark: '', privileges: settings } : grantOf(settings, rule);
}

/** Every grant that there is: that of all, then of each rule. */
export function grants(settings: AccessSettings): Grant[] {
  return [{ mark: '', privileges: settings }, ...settings.rules.map((rule) => grantOf(settings, rule))];
}

/** Which endpoints carry which policies, as a short text: other rules in another order give another. Empty without rules. */
export function assignment({ rules }: AccessSettings): string {
  return rules.length === 0 ? '' : digest(JSON.stringify(rules.map(({ endpoint }) => endpoint)));
}

/** Who may command anything at all, each named once. */
export function commandersOf(settings: AccessSettings): string[] {
  return [...new Set(grants(settings).flatMap(({ privileges }) => privileges.command))];
}

/**
 * resourceName of a policy: the mark is made from the pattern of a rule, so that its policies keep their names, and
 * resources their policies, when its lists change.
 */
export function policyName(ipe: string, mark: string, kind: PolicyKind): string {
  return ['acp', ipe, mark, kind === 'tree' ? '' : kind].filter((part) => part !== '').join('-');
}

/**
 * The rules of a policy (TS-0001 9.6.2) beside that of the IPE; `narrowed`: the CSE understands rules for types of
 * children. Without, nobody may subscribe, for a right to CREATE would be one to create anything.
 */
export function accessControlRules(kind: PolicyKind, who: Privileges, narrowed: boolean): AccessControlRule[] {
  const { discover, read, subscribe, command, administer } = who;
  const subscribing = narrowed ? creating(subscribe, ResourceType.subscription) : [];
  const commanding = narrowed ? creating(command, ResourceType.contentInstance) : allowing(command, MAY.create);
  const administering = allowing(administer, MAY.all);
  switch (kind) {
    case 'tree':
      return [...allowing(read, READ), ...allowing(discover, MAY.discover), ...subscribing, ...administering];
    case 'unread':
      return [...allowing([...read, ...discover], MAY.discover), ...administering];
    case 'requests':
    case 'commands':
      return [...commanding, ...allowing(command, READ), ...administering];
    case 'blind-commands':
      return [...commanding, ...allowing(command, MAY.discover), ...administering];
    case 'responses': {
      const own = narrowed ? creating(command, ResourceType.subscription) : [];
      return [...allowing([...read, ...command], READ), ...own, ...administering];
    }
  }
}

/** What a policy holds: all for the IPE, and the rules for others; the policy itself is the IPE's alone. */
export function policyAttributes(originator: string, rules: readonly AccessControlRule[]) {
  const own = { acor: [originator], acop: MAY.all };
  return { pv: { acr: [own, ...rules] }, pvs: { acr: [own] } };
}

function allowing(acor: readonly string[], acop: number): AccessControlRule[] {
  return acor.length === 0 ? [] : [{ acor: [...new Set(acor)], acop }];
}

function creating(acor: readonly string[], type: number): AccessControlRule[] {
  return acor.length === 0 ? [] : [{ acor: [...new Set(acor)], acop: MAY.create, acod: [{ chty: [type] }] }];
}

function grantOf(settings: AccessSettings, rule: AccessRule): Grant {
  const { discover, read, subscribe, command, administer } = settings;
  return {
    mark: `r${digest(rule.endpoint).slice(0, MARK_DIGITS)}`,
    privileges: {
      discover: rule.discover ?? discover,
      read: rule.read ?? read,
      subscribe: rule.subscribe ?? subscribe,
      command: rule.command ?? command,
      administer: rule.administer ?? administer,
    },
  };
}

function digest(text: string): string {
  return createHash('sha256').update(text).digest('hex');
}
