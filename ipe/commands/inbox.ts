import {
  type ChildReference,
  type ContentInstance,
  type CseClient,
  CseError,
  fromReferenceList,
  isSuccess,
  Operation,
  ResourceType,
  ResultContent,
} from '../../cse-client/index.ts';
import { isRefused } from '../cse/refusals.ts';

/** What stands in a container, and whether a subscription of ours is among it. */
export interface Listing {
  readonly instances: readonly ChildReference[];
  readonly subscriptions: readonly ChildReference[];
}

const UNSTRUCTURED = 2;

/**
 * Lists the children of a container by resource ID where the CSE gives that, since a resourceName may come again. Rejects
 * with CseError.
 */
export async function listChildren(client: CseClient, address: string): Promise<Listing> {
  const children = await references(client, address);
  return {
    instances: children.filter(({ type }) => type === ResourceType.contentInstance),
    subscriptions: children.filter(({ type }) => type === ResourceType.subscription),
  };
}

async function references(client: CseClient, to: string): Promise<ChildReference[]> {
  const rcn = ResultContent.childResourceReferences;
  const { rsc, pc } = await client.request({ op: Operation.retrieve, to, rcn, drt: UNSTRUCTURED });
  if (isSuccess(rsc)) return fromReferenceList(pc);
  // Whatever the reason, it is told again where it is not the form of the answer.
  if (rsc === 4000 || rsc === 5001) return client.children(to);
  throw new CseError('cse/refused', `the CSE refused to list the children of ${to}: ${rsc}`, { rsc });
}

/** Retrieves what is listed, oldest first; what is gone meanwhile is left out. Rejects with CseError. */
export async function retrieveInOrder(
  client: CseClient,
  listed: readonly ChildReference[],
): Promise<{ reference: ChildReference; instance: ContentInstance }[]> {
  const found: { reference: ChildReference; instance: ContentInstance }[] = [];
  for (const reference of listed) {
    try {
      const instance = await client.retrieve(ResourceType.contentInstance, reference.value);
      found.push({ reference, instance });
    } catch (error) {
      if (!isRefused(error, 4004)) throw error;
    }
  }
  return found.sort((a, b) => compareAge(a.instance, b.instance));
}

/** Orders by creation: times of one CSE have one form, so that their texts compare; within one time the state tag decides. */
export function compareAge(a: ContentInstance, b: ContentInstance): number {
  const [earlier = '', later = ''] = [a.ct, b.ct];
  if (earlier !== later) return earlier < later ? -1 : 1;
  return (a.st ?? 0) - (b.st ?? 0);
}
