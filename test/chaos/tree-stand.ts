import { type CseClient, ResourceType } from '../../cse-client/index.ts';
import type { ChaosCse } from './chaos-cse.ts';
import type { TreeStand } from './evidence.ts';

/** Types that the bridge makes below the CSEBase, and in devices' trees. */
const TOP = [ResourceType.ae, ResourceType.node, ResourceType.acp, ResourceType.container, ResourceType.group];
const CANARY = 'canary';
/** Policies of the bridge, of which there may be several. */
const OWN_POLICY = /^acp-lwm2m-ipe-/;

/** Names that a CSE has below its base before anybody came. */
export async function namesBelow(client: CseClient, { base }: ChaosCse): Promise<string[]> {
  const references = await client.children(base, { lvl: 1 });
  return references.filter(({ type }) => (TOP as readonly number[]).includes(type)).map(({ name }) => name);
}

/** What the CSE shows now; `others` are names below its base that are not the bridge's. */
export async function treeStand(
  client: CseClient,
  cse: ChaosCse,
  others: ReadonlySet<string>,
  endpoints: readonly string[],
): Promise<TreeStand> {
  const top = (await namesBelow(client, cse)).filter((name) => !others.has(name) && !OWN_POLICY.test(name));
  const containers: Record<string, string[]> = {};
  const requestSubscriptions: Record<string, number> = {};
  for (const endpoint of endpoints.filter((name) => top.includes(name))) {
    const children = await client.children(`${cse.base}/${endpoint}`, { lvl: 1 });
    containers[endpoint] = children.map(({ name }) => name).filter((name) => name !== CANARY);
    if (!containers[endpoint].includes('requests')) continue;
    const below = await client.children(`${cse.base}/${endpoint}/requests`, { lvl: 1 });
    requestSubscriptions[endpoint] = below.filter(({ type }) => type === ResourceType.subscription).length;
  }
  return { top, containers, requestSubscriptions };
}
