import { type Container, ResourceType } from '../../cse-client/index.ts';
import { containerName, type InstancePath } from '../../mappings/index.ts';
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
