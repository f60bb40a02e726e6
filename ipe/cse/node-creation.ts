import type { Clock } from '../../common/index.ts';
import {
  type CseBase,
  type CseClient,
  CseError,
  type Dialect,
  formatTimestamp,
  ResourceType,
} from '../../cse-client/index.ts';
import { adminOf, type PresenceSettings } from './access.ts';

/** Whose request creates `<node>`: the IPE's, the administrator's on its behalf, or nobody's. */
export type NodeCreation = 'own' | 'administrator' | 'none';

/** Milliseconds after which the CSE itself removes a probe that could not be deleted. */
const PROBE_LIFETIME = 60_000;
const NO_RIGHT =
  'the CSE does not let the IPE create <node>: devices get no node (set cse.adminOriginator where only its administrator may)';

/** Finds out who may create a node by trying, since a CSE may let its administrator alone do so. Rejects with CseError. */
export async function nodeCreation(
  client: CseClient,
  settings: PresenceSettings,
  dialect: Dialect,
  cseBase: CseBase | undefined,
  policy: string,
  clock: Clock,
): Promise<{ by: NodeCreation; degraded: string[] }> {
  if (!hasNodes(dialect, cseBase)) return { by: 'none', degraded: [] };
  if (await mayCreateNode(client, settings, settings.originator, policy, clock)) return { by: 'own', degraded: [] };
  const admin = adminOf(settings);
  if (admin !== undefined && (await mayCreateNode(client, settings, admin, policy, clock))) {
    return { by: 'administrator', degraded: [] };
  }
  return { by: 'none', degraded: missedNodes('none', dialect, cseBase) };
}

/** What applications miss where `by` creates nodes on a CSE that has them, in plain sentences. */
export function missedNodes(by: NodeCreation, dialect: Dialect, cseBase: CseBase | undefined): string[] {
  return by === 'none' && hasNodes(dialect, cseBase) ? [NO_RIGHT] : [];
}

function hasNodes(dialect: Dialect, cseBase: CseBase | undefined): boolean {
  return dialect.node && cseBase?.srt?.includes(ResourceType.node) !== false;
}

async function mayCreateNode(
  client: CseClient,
  settings: PresenceSettings,
  originator: string,
  policy: string,
  clock: Clock,
): Promise<boolean> {
  const rn = `${settings.nodePrefix}${settings.resourceName}-probe`;
  const et = formatTimestamp(clock.wall() + PROBE_LIFETIME, client.dialect);
  const attributes = { rn, ni: rn, acpi: [policy], et };
  let created = true;
  try {
    await client.create(ResourceType.node, settings.base, attributes, { originator });
  } catch (error) {
    if (!(error instanceof CseError) || error.rsc === undefined) throw error;
    created = error.rsc === 4105;
  }
  if (created) await client.delete(`${settings.base}/${rn}`).catch(ignoreRefusal);
  return created;
}

function ignoreRefusal(error: unknown): void {
  if (!(error instanceof CseError) || error.rsc === undefined) throw error;
}
