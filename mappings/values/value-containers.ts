import type { CreateAttributes } from '../../cse-client/index.ts';
import type { ObjectDefinition, Path, ResourceDefinition } from '../../lwm2m/index.ts';
import { endpointLabel, type LabelSettings, labelValue } from '../labels.ts';
import { containerName } from '../names.ts';

/** A path at least as deep as an Object Instance. */
export type InstancePath = Path & { readonly instanceId: number };

/** Everything that the attributes of a value container are made from. */
export interface ValueContainerContext {
  readonly endpoint: string;
  readonly labels: LabelSettings;
  /** Resource IDs of access control policies. */
  readonly accessControlPolicies: readonly string[];
  /** Text of the expirationTime. */
  readonly expirationTime: string;
  /** maxNrOfInstances. */
  readonly maxInstances: number;
  readonly definition: ObjectDefinition | undefined;
}

/** Operations of a resource as its label names them, one label each (LwM2M 1.1 appendix D). */
const OPERATION_LABELS = [
  ['read', 'R'],
  ['write', 'W'],
  ['execute', 'E'],
] as const;

/** Where a value stands below the endpoint's AE: `3303_0/5700`, `3303_0/5700/0` (TS-0014 8.2.1). */
export function valueContainerPath(path: InstancePath): string {
  const { resourceId, resourceInstanceId } = path;
  const levels = [containerName(path), resourceId, resourceInstanceId].filter((level) => level !== undefined);
  return levels.join('/');
}

/** The path that `valueContainerPath` was given; undefined for other text. */
export function pathOfValueContainer(container: string): InstancePath | undefined {
  const match = /^(\d{1,5})_(\d{1,5})(?:\/(\d{1,5}))?(?:\/(\d{1,5}))?$/.exec(container);
  if (match === null) return undefined;
  const [, objectId, instanceId, resourceId, resourceInstanceId] = match;
  return {
    objectId: Number(objectId),
    instanceId: Number(instanceId),
    ...(resourceId === undefined ? undefined : { resourceId: Number(resourceId) }),
    ...(resourceInstanceId === undefined ? undefined : { resourceInstanceId: Number(resourceInstanceId) }),
  };
}

/** Attributes of the container of a Resource or Resource Instance (TS-0014 8.2.1, 8.2.2). */
export function valueContainerAttributes(path: Path, context: ValueContainerContext): CreateAttributes<3> {
  const { resourceId, resourceInstanceId } = path;
  return {
    rn: String(resourceInstanceId ?? resourceId),
    lbl: valueLabels(path, context),
    acpi: context.accessControlPolicies,
    et: context.expirationTime,
    mni: context.maxInstances,
  };
}

/** What is written over a value container that was there already: all but name and access. */
export function valueContainerRepair(path: Path, context: ValueContainerContext) {
  return { lbl: valueLabels(path, context), et: context.expirationTime, mni: context.maxInstances };
}

/** Labels of a value container: what the object model says of the resource, each fact to be searched whole. */
function valueLabels(path: Path, { endpoint, labels, definition }: ValueContainerContext): string[] {
  const levels = [path.objectId, path.instanceId, path.resourceId, path.resourceInstanceId];
  const uri = `/${levels.filter((level) => level !== undefined).join('/')}`;
  const resource = path.resourceId === undefined ? undefined : definition?.resources.get(path.resourceId);
  return [
    ...(labels.lwm2m ? [`LWM2MURI:${uri}`, ...modelLabels(resource)] : []),
    endpointLabel(endpoint),
    ...(labels.interworking ? ['Iwked-Technology:LWM2M', `Iwked-Entity-ID:${uri}`] : []),
    ...labels.extra,
  ];
}

function modelLabels(resource: ResourceDefinition | undefined): string[] {
  if (resource === undefined) return [];
  const { name, units, type, operations } = resource;
  return [
    `LWM2MNAME:${labelValue(name)}`,
    ...(units === undefined ? [] : [`LWM2MUNIT:${labelValue(units)}`]),
    ...(type === 'none' ? [] : [`LWM2MTYPE:${type}`]),
    ...OPERATION_LABELS.filter(([operation]) => operations[operation]).map(([, letter]) => `LWM2MOP:${letter}`),
  ];
}
