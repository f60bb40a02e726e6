import { type CseBase, type CseClient, DIALECTS, type DialectName } from '../../cse-client/index.ts';
import type { PresenceSettings } from './access.ts';
import { describeCse } from './inspection.ts';
import { missedNodes, type NodeCreation } from './node-creation.ts';
import type { CseState } from './presence.ts';

/** Where a CSE is asked, as whom and how. */
export type CsePlace = Pick<PresenceSettings, 'url' | 'base' | 'originator' | 'resourceName' | 'releaseVersion'>;

/** What the CSEBase told of the CSE. */
export type CseIdentity = Pick<CseBase, 'ri' | 'rn' | 'csi' | 'srt' | 'srv'>;

/** What the CSE was when an IPE last registered there: with it a start can go on without asking. */
export interface RememberedCse {
  readonly place: CsePlace;
  /** Undefined where nobody of ours may read the CSEBase. */
  readonly cseBase: CseIdentity | undefined;
  /** As which it was spoken to. */
  readonly dialect: DialectName;
  readonly nodeCreation: NodeCreation;
  /** Resource ID of the IPE's policy. */
  readonly accessControlPolicy: string;
}

/** Keeps what the CSE is beyond the end of the process. */
export interface CseMemory {
  /** What an earlier run kept; undefined where there was none, or it cannot be read. */
  recall(): RememberedCse | undefined;
  keep(remembered: RememberedCse): void;
}

/** What a later start needs to know of a CSE. */
export function remembered(settings: PresenceSettings, state: CseState): RememberedCse {
  const { cseBase, dialect, nodeCreation, accessControlPolicy } = state;
  return { place: placeOf(settings), cseBase, dialect: dialect.name, nodeCreation, accessControlPolicy };
}

/** True when that was the CSE that the settings name, spoken to as they say. */
export function isPlaceOf({ place }: RememberedCse, settings: PresenceSettings): boolean {
  const names = Object.keys(place) as (keyof CsePlace)[];
  return names.every((name) => place[name] === settings[name]);
}

/** The state as `CsePresence` would find it if nothing has changed; sets the client's dialect. IpeError `cse/release-version`. */
export function recalled(client: CseClient, settings: PresenceSettings, memory: RememberedCse): CseState {
  const { nodeCreation, accessControlPolicy } = memory;
  const { cseBase, dialect, degraded } = describeCse(client, settings, memory.cseBase);
  const missed = missedNodes(nodeCreation, dialect, cseBase);
  return { cseBase, dialect, nodeCreation, accessControlPolicy, degraded: [...degraded, ...missed] };
}

/** True when both have a CSE-ID, and not the same: it is another CSE, at the same address. */
export function isAnother(before: RememberedCse, now: CseBase | undefined): boolean {
  const [known, found] = [before.cseBase?.csi, now?.csi];
  return known !== undefined && found !== undefined && known !== found;
}

/** What has changed between two starts, in plain sentences; empty where nothing has. */
export function differences(before: RememberedCse, now: RememberedCse): string[] {
  const said: string[] = [];
  const tell = (what: string, was: string | undefined, is: string | undefined) => {
    if (was !== is) said.push(`${what}: ${was ?? 'unknown'} before, ${is ?? 'unknown'} now`);
  };
  tell('CSE-ID', before.cseBase?.csi, now.cseBase?.csi);
  tell('kind of CSE', DIALECTS[before.dialect].title, DIALECTS[now.dialect].title);
  tell('release versions', before.cseBase?.srv?.join(' '), now.cseBase?.srv?.join(' '));
  tell('resource types', inOrder(before.cseBase?.srt), inOrder(now.cseBase?.srt));
  tell('who creates <node>', NODE_CREATORS[before.nodeCreation], NODE_CREATORS[now.nodeCreation]);
  if (before.accessControlPolicy !== now.accessControlPolicy) said.push('the policy of the IPE was made anew');
  return said;
}

const NODE_CREATORS: Readonly<Record<NodeCreation, string>> = {
  own: 'the IPE',
  administrator: 'cse.adminOriginator',
  none: 'nobody',
};

function inOrder(types: readonly number[] | undefined): string | undefined {
  return types && [...types].sort((one, other) => one - other).join(' ');
}

function placeOf({ url, base, originator, resourceName, releaseVersion }: PresenceSettings): CsePlace {
  return { url, base, originator, resourceName, releaseVersion };
}
