import { type Container, CseError, ResourceType } from '../../cse-client/index.ts';
import { containerName, type InstancePath, pathOfValueContainer } from '../../mappings/index.ts';
import type { ValueParts } from './parts.ts';

/**
 * Gives a container that stood there the policies that it lacks, where there is more than that of the IPE and the CSE lets
 * us; else it keeps those it has. Rejects with CseError.
 */
export async function admit(
  { client, cse }: Pick<ValueParts, 'client' | 'cse'>,
  address: string,
  { acpi = [] }: Pick<Container, 'acpi'> = {},
  policies: readonly string[],
): Promise<void> {
  // Some CSEs name policies by their addresses.
  const has = (policy: string) => acpi.some((one) => one.split('/').at(-1) === policy.split('/').at(-1));
  if (policies.length < 2 || policies.every(has) || !cse().dialect.acpiUpdate) return;
  await client.update(ResourceType.container, address, { acpi: policies });
}

/**
 * The containers below an AE that stand there for something of a device, with their names. None where the CSE does not let
 * us ask. Rejects with CseError when it cannot be asked now.
 */
export async function standing(
  { client }: Pick<ValueParts, 'client'>,
  ae: string,
): Promise<ReadonlyMap<string, InstancePath>> {
  const addresses = await client.discover(ae, { ty: [ResourceType.container] }).catch((error: unknown) => {
    if (error instanceof CseError && error.rsc !== undefined && !error.retryable) return [];
    throw error;
  });
  // However far up an address begins, what it names below the AE is its end.
  const below = `/${ae.split('/').at(-1)}/`;
  const found = new Map<string, InstancePath>();
  for (const address of addresses) {
    const name = address.slice(address.indexOf(below) + below.length);
    const path = address.includes(below) ? pathOfValueContainer(name) : undefined;
    if (path !== undefined) found.set(name, path);
  }
  return found;
}

/** Containers of the same instance one after the other, each behind those that it stands in, the instance's own first. */
export function byInstance(wanted: ReadonlyMap<string, InstancePath>): [string, InstancePath][] {
  const groups = new Map<string, [string, InstancePath][]>();
  for (const entry of wanted) {
    const name = containerName(entry[1]);
    const group = groups.get(name);
    if (group === undefined) groups.set(name, [entry]);
    else if (entry[1].resourceId === undefined) group.unshift(entry);
    else group.push(entry);
  }
  return [...groups.values()].flat();
}
