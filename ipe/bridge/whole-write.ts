import { IpeError } from '../../common/index.ts';
import {
  type CallOptions,
  type CseClient,
  type ResourceType,
  ResultContent,
  type UpdateAttributes,
} from '../../cse-client/index.ts';
import { endpointLabel, type ResourceContext } from '../../mappings/index.ts';
import { isRefused } from '../cse/refusals.ts';

/** How much of a resource is written: its expirationTime, its labels and links, too, or also its access control. */
export type Extent = 'time' | 'labels' | 'whole';

/** Types of the resources of a tree. */
export type TreeType = typeof ResourceType.ae | typeof ResourceType.container | typeof ResourceType.node;

/** A resource that stands there, and what is written. */
export interface Writing<K extends TreeType> {
  readonly ty: K;
  readonly path: string;
  readonly attributes: UpdateAttributes<K>;
  readonly extent: Extent;
  /** Who may still reach it when it has lost its policy, where that is not the IPE. */
  readonly creator?: string | undefined;
}

/** For what is written with no interest in how it stands afterwards. */
export const UNANSWERED: CallOptions = { resultContent: ResultContent.nothing };

/** For whom, and by whom. */
interface Writer {
  readonly client: CseClient;
  readonly context: ResourceContext;
}

/**
 * Writes attributes; as a whole it also gives the resource the policy that it has not, or no more, where the CSE lets us: no
 * further request where it has not. Rejects with CseError, and with IpeError `ipe/name-taken` for what is not ours.
 */
export async function write<K extends TreeType>(writer: Writer, writing: Writing<K>): Promise<void> {
  const { client, context } = writer;
  const { ty, path, attributes, extent } = writing;
  const policy = context.accessControlPolicy;
  if (extent !== 'whole' || policy === undefined || !client.dialect.acpiUpdate) {
    await client.update(ty, path, attributes, UNANSWERED);
  } else await writeWhole(writer, writing, policy);
}

async function writeWhole<K extends TreeType>(
  { client, context }: Writer,
  { ty, path, attributes, creator }: Writing<K>,
  policy: string,
): Promise<void> {
  const update = () => client.update(ty, path, attributes);
  // Alone: ACME takes nothing else beside it. What stood there goes, for it may be that of another rule.
  const admit = (options: CallOptions) =>
    client.update(ty, path, { acpi: [policy] } as unknown as UpdateAttributes<K>, options);
  try {
    const written = (await update()) as { readonly acpi?: readonly string[] } | undefined;
    const named = written?.acpi?.some((one) => lastName(one) === lastName(policy)) ?? false;
    if (written !== undefined && !named) await admit({});
  } catch (error) {
    if (creator === undefined || !isRefused(error, 4103)) throw error;
    const { lbl } = (await client.retrieve(ty, path, { originator: creator })) as { readonly lbl?: readonly string[] };
    assertOurs(lbl, context, path);
    await admit({ originator: creator });
    await update();
  }
}

/** Throws IpeError `ipe/name-taken` for a resource that does not carry the endpoint's label. */
export function assertOurs(
  labels: readonly string[] | undefined,
  { registration }: ResourceContext,
  path: string,
): void {
  if (labels?.includes(endpointLabel(registration.endpoint))) return;
  throw new IpeError('ipe/name-taken', `resource name taken: ${path}`);
}

function lastName(address: string): string {
  return address.slice(address.lastIndexOf('/') + 1);
}
