import type { Context } from './context.ts';
import { removeSubtree, uncountInstance } from './delete.ts';
import type { Resource } from './resource.ts';

/** Counts a new contentInstance and takes the oldest out beyond `mni` and `mbs` (TS-0004 7.4.7.2.1). */
export function addInstance(context: Context, container: Resource, instance: Resource): void {
  const { attributes } = container;
  attributes.st = instance.attributes.st;
  attributes.cni = Number(attributes.cni) + 1;
  attributes.cbs = Number(attributes.cbs) + Number(instance.attributes.cs);
  trimInstances(context, container);
}

/** Takes the oldest contentInstances out until the container's limits hold. */
export function trimInstances(context: Context, container: Resource): void {
  const { mni, mbs } = container.attributes;
  const instances = container.instances ?? [];
  const over = () =>
    (typeof mni === 'number' && Number(container.attributes.cni) > mni) ||
    (typeof mbs === 'number' && Number(container.attributes.cbs) > mbs);
  while (instances[0] !== undefined && over()) {
    const oldest = instances[0];
    removeSubtree(context, oldest);
    uncountInstance(container, oldest);
  }
}
