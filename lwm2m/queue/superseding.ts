import { isInside } from '../content/resource-path.ts';
import { formatPath } from '../model/path.ts';
import type { Operation } from '../operation/operation.ts';

/**
 * True when the later operation leaves nothing of what the earlier one would have written: both are Writes to the same
 * path, and a later Write in part names all that the earlier one named.
 */
export function supersedes(later: Operation, earlier: Operation): boolean {
  if (later.type !== 'write' || earlier.type !== 'write') return false;
  if (formatPath(later.path) !== formatPath(earlier.path)) return false;
  if (later.mode === 'replace') return true;
  if (earlier.mode === 'replace') return false;
  return earlier.nodes.every(({ path }) => later.nodes.some((node) => isInside(path, node.path)));
}
