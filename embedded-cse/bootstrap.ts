import { ResourceType } from '../cse-client/index.ts';
import type { CseIdentity } from './addressing.ts';
import type { Behaviour } from './behaviour.ts';
import { type Attributes, Resource } from './resource.ts';
import type { ResourceTree } from './resource-tree.ts';
import { MAX_LIFETIME, type Timestamps } from './timestamps.ts';

const ALL_OPERATIONS = 63;
/** The policy of the CSEBase, by ACME's name for it. */
const ROOT_POLICY = 'acpCreateRootResources';

/** The CSEBase of an empty CSE (TS-0004 7.4.3). */
export function cseBaseResource(identity: CseIdentity, behaviour: Behaviour, times: Timestamps, poa: string): Resource {
  const stamp = times.stamp();
  const ri = identity.cseId.slice(1);
  return new Resource({
    ty: ResourceType.cseBase,
    ri,
    rn: identity.cseBase,
    parent: undefined,
    sequence: 0,
    creator: '',
    attributes: {
      ri,
      rn: identity.cseBase,
      pi: '',
      ty: ResourceType.cseBase,
      ct: stamp,
      lt: stamp,
      csi: identity.cseId,
      ici: identity.cseId,
      spi: identity.serviceProviderId,
      cst: 1,
      csz: ['application/json', 'application/vnd.onem2m-res+json'],
      srt: behaviour.advertisedTypes,
      srv: behaviour.supportedReleaseVersions,
      poa: [poa],
      ...(behaviour.objectDetails ? { acpi: [`${identity.cseId}/${ROOT_POLICY}`] } : {}),
    },
  });
}

/** What lies below the CSEBase from the start, as in ACME: who may create what there, and the administrator's AE. */
export function furnish(
  tree: ResourceTree,
  behaviour: Behaviour,
  times: Timestamps,
  administrator: string,
  nextSequence: () => number,
): void {
  if (!behaviour.objectDetails) return;
  const place = (ty: number, name: string, attributes: Attributes) => {
    const stamp = times.stamp();
    const common = {
      ri: name,
      rn: name,
      pi: tree.root.ri,
      ty,
      ct: stamp,
      lt: stamp,
      et: times.at(times.now() + MAX_LIFETIME),
    };
    const all = { ...common, ...attributes };
    const sequence = nextSequence();
    tree.insert(
      new Resource({ ty, ri: name, rn: name, parent: tree.root, sequence, creator: administrator, attributes: all }),
    );
  };
  place(ResourceType.acp, ROOT_POLICY, {
    pv: { acr: [{ acor: ['all'], acod: [{ chty: behaviour.openTypes }], acop: 1 }] },
    pvs: { acr: [{ acor: [administrator], acop: ALL_OPERATIONS }] },
  });
  place(ResourceType.acp, 'acpRetrieveCSEBase', {
    pv: { acr: [{ acor: ['all'], acop: 2 }] },
    pvs: { acr: [{ acor: [administrator], acop: ALL_OPERATIONS }] },
  });
  place(ResourceType.ae, administrator, {
    aei: administrator,
    api: `N${administrator}`,
    rr: true,
    csz: ['application/json'],
  });
}
