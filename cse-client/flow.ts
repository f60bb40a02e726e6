import type { RequestPrimitive } from './primitive.ts';

/** What shows whose turn a request takes. */
export type Target = Pick<RequestPrimitive, 'to' | 'pc'>;

/**
 * Whose turn a request takes: the child of the CSEBase that it is about, which is an AE with all below it, so that one with
 * a thousand requests slows no other. An address that does not show it stands for itself.
 */
export function flowOf({ to, pc }: Target): string {
  const start = to.startsWith('/') ? to.indexOf('/', to.startsWith('//') ? to.indexOf('/', 2) + 1 : 1) + 1 : 0;
  const child = to.indexOf('/', start) + 1;
  if (child === 0) return createdName(pc) ?? to;
  const end = to.indexOf('/', child);
  return end === -1 ? to.slice(child) : to.slice(child, end);
}

/** resourceName of what a CREATE in the CSEBase asks for. */
function createdName(pc: unknown): string | undefined {
  if (typeof pc !== 'object' || pc === null) return undefined;
  const [resource] = Object.values(pc) as { readonly rn?: unknown }[];
  return typeof resource?.rn === 'string' ? resource.rn : undefined;
}
